"""Cross-validation: the folds, and the metrics of each fold."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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

from train.model.predictions import predict

Metrics = dict[str, float]

# The first metric of a task is its main one.
METRICS = {
    "classification": ("accuracy", "balanced_accuracy", "f1", "log_loss", "roc_auc"),
    "regression": ("rmse", "mae", "r2"),
}
# For scikit-learn's scorers, greater is always better, so errors are negative.
SCORERS = {
    "log_loss": "neg_log_loss",
    "rmse": "neg_root_mean_squared_error",
    "mae": "neg_mean_absolute_error",
}


def is_error(metric: str) -> bool:
    """Return whether a metric is better when smaller."""
    return metric in SCORERS


def choose_folds(target: pd.Series, task: str, wanted: int) -> int:
    """Return the number of folds that the rows allow: at most `wanted`, and at least two.

    Raises ValueError if the rows do not even allow two folds.
    """
    if task == "regression":
        if len(target) < wanted:
            raise ValueError(
                f"{len(target)} rows are too few for {wanted} folds; lower --cv-folds, or give "
                "more data"
            )
        return wanted
    counts = target.value_counts()
    if counts.iloc[1] < 2:
        raise ValueError(
            f"the class {counts.index[1]!r} has one of the {len(target)} rows, but "
            "cross-validation needs two rows of two classes; give more data"
        )
    return max(2, min(wanted, int(counts.min())))


@dataclass(frozen=True)
class Folds:
    """Shuffled folds of the rows, stratified by class; all trials share them.

    `positive` is the class of two that f1 belongs to; None is the last one.
    """

    task: str
    number: int
    seed: int
    positive: int | str | None = None

    def splitter(self) -> KFold | StratifiedKFold:
        """Return scikit-learn's splitter, which gives the same folds at each call."""
        kind = StratifiedKFold if self.task == "classification" else KFold
        return kind(self.number, shuffle=True, random_state=self.seed)


def cross_validate(
    pipeline: Pipeline,
    features: pd.DataFrame,
    target: pd.Series,
    folds: Folds,
    ended: Callable[[str], None] = lambda _: None,
) -> list[Metrics]:
    """Return the metrics of each fold.

    `ended` is called with a description of each fold that has ended.
    """
    classes = known_classes(target, folds.task)
    scores = []
    with warnings.catch_warnings():
        # `choose_folds` has lowered the number of folds as far as possible, and the log says so.
        warnings.filterwarnings("ignore", "The least populated class in y has only")
        for learn, test in folds.splitter().split(features, target):
            # A name would keep this model in memory while the next one is fitted.
            scores.append(
                measure(
                    clone(pipeline).fit(features.iloc[learn], target.iloc[learn]),
                    features.iloc[test],
                    target.iloc[test],
                    folds,
                    classes,
                )
            )
            ended(f"fold {len(scores)} of {folds.number}")
    return scores


def known_classes(target: pd.Series, task: str) -> np.ndarray:
    """Return the sorted classes of a target; a regression has none."""
    return np.unique(target) if task == "classification" else np.empty(0)


def measure(
    model: Pipeline, features: pd.DataFrame, target: pd.Series, folds: Folds, classes: np.ndarray
) -> Metrics:
    """Return the metrics of a fitted model on rows that it has not seen.

    Metrics that are undefined for these rows are left out.
    """
    truth = target.to_numpy()
    if folds.task == "regression":
        return regression_metrics(truth, *predict(model, features, ["predict"]))
    methods = ["predict", "predict_proba"] if hasattr(model, "predict_proba") else ["predict"]
    predicted, *more = predict(model, features, methods)
    probabilities = _for_all(classes, model.classes_, *more) if more else None
    # Positions in the sorted classes, because scikit-learn's metrics compare texts slowly.
    true, guessed = (np.searchsorted(classes, labels) for labels in (truth, predicted))
    positive = -1 if folds.positive is None else classes.tolist().index(folds.positive)
    return classification_metrics(true, guessed, np.arange(len(classes)), probabilities, positive)


def summarise(scores: Sequence[Metrics]) -> Metrics:
    """Return `cv_<metric>_mean` and `cv_<metric>_std` of every metric, sorted by name."""
    summary = {}
    for metric in sorted(scores[0]) if scores else ():
        values = [score.get(metric, math.nan) for score in scores]
        if np.isfinite(values).all():
            summary[f"cv_{metric}_mean"] = float(np.mean(values))
            summary[f"cv_{metric}_std"] = float(np.std(values))
    return summary


def regression_metrics(truth: np.ndarray, predicted: np.ndarray) -> Metrics:
    """Return the errors, in the target's unit, and R², which is undefined for a single row."""
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
    positive: int = -1,
) -> Metrics:
    """Return the metrics of predicted labels, and of (rows, classes) probabilities if given.

    Of two classes, f1 is that of the one at the place `positive`. Of more, f1 is the macro average
    over the classes, and roc_auc the average of each class against the rest.
    """
    binary: dict[str, Any] = {"average": "binary", "pos_label": classes[positive]}
    average = binary if len(classes) == 2 else {"average": "macro", "labels": classes}
    with warnings.catch_warnings():
        # A fold may lack a rare class that the model predicts; the user can do nothing about it.
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
    """Spread probabilities over all classes; a class that the model never saw has probability 0."""
    spread = np.zeros((len(probabilities), len(classes)))
    spread[:, np.searchsorted(classes, known)] = probabilities
    return spread
