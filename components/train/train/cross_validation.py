"""Cross-validated metrics, from predictions made once per fold."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline

from train.models import use_one_thread

Metrics = dict[str, float]


def choose_folds(target: pd.Series, task: str, wanted: int) -> int:
    """Return how many folds the rows allow: at most `wanted`, and at least two.

    Raises ValueError where not even two folds can be learned from.
    """
    if task == "regression":
        if len(target) < wanted:
            raise ValueError(
                f"{len(target)} rows are fewer than {wanted} folds; lower --cv-folds or give "
                "more data"
            )
        return wanted
    counts = target.value_counts()
    if counts.iloc[1] < 2:
        raise ValueError(
            f"{len(target)} rows, with one of the class {counts.index[1]!r}, are too few for "
            "cross-validation: two classes need two rows each"
        )
    return max(2, min(wanted, int(counts.min())))


def cross_validate(
    pipeline: Pipeline, features: pd.DataFrame, target: pd.Series, task: str, folds: int, seed: int
) -> Metrics:
    """Return `cv_<metric>_mean` and `cv_<metric>_std` over shuffled folds, stratified by class.

    The standard deviation is that of the folds themselves (divided by their number). A metric
    that some fold leaves undefined is left out.
    """
    splitter = (StratifiedKFold if task == "classification" else KFold)(
        folds, shuffle=True, random_state=seed
    )
    with warnings.catch_warnings():
        # The number of folds has been lowered as far as it goes, and that was logged.
        warnings.filterwarnings("ignore", "The least populated class in y has only")
        parts = list(splitter.split(features, target))
    scores = []
    for train_rows, test_rows in parts:
        fold = clone(pipeline).fit(features.iloc[train_rows], target.iloc[train_rows])
        truth = target.iloc[test_rows].to_numpy()
        scores.append(_score(use_one_thread(fold), features.iloc[test_rows], truth, target, task))
    return summarise(scores)


def summarise(scores: list[Metrics]) -> Metrics:
    """Fold the metrics of each fold into means and standard deviations, sorted by name."""
    summary = {}
    for metric in sorted(scores[0]):
        values = [score.get(metric, math.nan) for score in scores]
        if np.isfinite(values).all():
            summary[f"cv_{metric}_mean"] = float(np.mean(values))
            summary[f"cv_{metric}_std"] = float(np.std(values))
    return summary


def _score(
    model: Pipeline, features: pd.DataFrame, truth: np.ndarray, target: pd.Series, task: str
) -> Metrics:
    predicted = model.predict(features)
    if task == "regression":
        return regression_metrics(truth, predicted)
    classes = np.unique(target)
    probabilities = None
    if hasattr(model, "predict_proba"):
        probabilities = _for_all(classes, model.classes_, model.predict_proba(features))
    return classification_metrics(truth, predicted, classes, probabilities)


def regression_metrics(truth: np.ndarray, predicted: np.ndarray) -> Metrics:
    """Return errors in the target's unit, and r2, which one row leaves undefined."""
    metrics = {
        "rmse": float(root_mean_squared_error(truth, predicted)),
        "mae": float(mean_absolute_error(truth, predicted)),
    }
    if len(truth) > 1:
        metrics["r2"] = float(r2_score(truth, predicted))
    return metrics


def classification_metrics(
    truth: np.ndarray,
    predicted: np.ndarray,
    classes: np.ndarray,
    probabilities: np.ndarray | None,
) -> Metrics:
    """Return the metrics of predicted labels, and of (rows, classes) probabilities if given.

    Of two classes the second in sorted order is the positive one; of more, f1 and roc_auc are
    averages over the classes (macro, each against the rest).
    """
    binary: dict[str, Any] = {"average": "binary", "pos_label": classes[-1]}
    average = binary if len(classes) == 2 else {"average": "macro", "labels": classes}
    with warnings.catch_warnings():
        # A rare class may be predicted in a fold that holds no row of it; that is no news.
        warnings.filterwarnings("ignore", "y_pred contains classes not in y_true")
        balanced = balanced_accuracy_score(truth, predicted)
    metrics = {
        "accuracy": float(accuracy_score(truth, predicted)),
        "balanced_accuracy": float(balanced),
        "f1": float(f1_score(truth, predicted, zero_division=0, **average)),
    }
    if probabilities is None:
        return metrics
    metrics["log_loss"] = float(log_loss(truth, probabilities, labels=classes))
    if len(np.unique(truth)) == len(classes):
        metrics["roc_auc"] = _roc_auc(truth, probabilities, classes)
    return metrics


def _roc_auc(truth: np.ndarray, probabilities: np.ndarray, classes: np.ndarray) -> float:
    if len(classes) == 2:
        return float(roc_auc_score(truth == classes[1], probabilities[:, 1]))
    return float(roc_auc_score(truth, probabilities, multi_class="ovr", labels=classes))


def _for_all(classes: np.ndarray, known: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Spread probabilities over all classes: one that a fold had no row of to learn has none."""
    spread = np.zeros((len(probabilities), len(classes)))
    spread[:, np.searchsorted(classes, known)] = probabilities
    return spread
