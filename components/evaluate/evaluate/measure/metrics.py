"""Metrics of a model on the test split, and the baseline that it has to beat.

Labels and predictions are arrays of shape (rows,); probabilities have shape (rows, classes), with
columns in the order of `classes`. Only finite metrics are returned, because JSON has no NaN.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import metrics as sk
from sklearn.dummy import DummyRegressor

from pinion_step.errors import StepError

# Of two classes, those of the positive one; the others do not depend on which it is.
OF_POSITIVE_CLASS = ("precision", "recall", "f1")
MAIN_METRIC = {"classification": "accuracy", "regression": "rmse"}


@dataclass(frozen=True)
class Measurement:
    """The metrics by name, and a line for each that was left out."""

    metrics: dict[str, float]
    left_out: tuple[str, ...] = ()


def classification_metrics(
    truth: np.ndarray,
    predicted: np.ndarray,
    probabilities: np.ndarray | None,
    classes: np.ndarray,
) -> Measurement:
    """Return accuracies, precision, recall, f1 and, if there are probabilities, theirs.

    Of two classes, precision, recall and f1 are those of the positive class `classes[1]`; of more,
    they are means over the classes.
    """
    measured = {
        "accuracy": sk.accuracy_score(truth, predicted),
        # The mean recall of the classes present; scikit-learn's own function warns when a class was
        # predicted that the split lacks.
        "balanced_accuracy": sk.recall_score(
            truth, predicted, labels=np.unique(truth), average="macro", zero_division=0.0
        ),
        **_class_metrics(truth, predicted, classes),
    }
    if probabilities is None:
        return _finite(
            measured, ("roc_auc, log_loss: left out, as the estimator has no predict_proba",)
        )
    of_probability = _probability_metrics(truth, probabilities, classes)
    return _finite(measured | of_probability.metrics, of_probability.left_out)


def _class_metrics(
    truth: np.ndarray, predicted: np.ndarray, classes: np.ndarray
) -> dict[str, float]:
    if len(classes) == 2:
        # A label that the model never saw is not the positive class, so it counts as negative.
        precision, recall, f1, _ = sk.precision_recall_fscore_support(
            truth == classes[1], predicted == classes[1], average="binary", zero_division=0.0
        )
    else:
        # As in training, every class counts, even one that is neither here nor predicted.
        labels = [*classes.tolist(), *_unseen(truth, classes)]
        precision, recall, f1, _ = sk.precision_recall_fscore_support(
            truth, predicted, labels=labels, average="macro", zero_division=0.0
        )
    return {"precision": precision, "recall": recall, "f1": f1}


def _probability_metrics(
    truth: np.ndarray, probabilities: np.ndarray, classes: np.ndarray
) -> Measurement:
    if unseen := _unseen(truth, classes):
        note = f"roc_auc, log_loss: left out, as training never saw the label {unseen[0]!r}"
        return Measurement({}, (note,))
    # scikit-learn expects the columns in the order of the sorted labels.
    order = np.argsort(classes)
    measured = {"log_loss": sk.log_loss(truth, probabilities[:, order], labels=classes[order])}
    if absent := _unseen(classes, truth):
        note = f"roc_auc: left out, as the test split has no row of the class {absent[0]!r}"
        return Measurement(measured, (note,))
    if len(classes) == 2:
        measured["roc_auc"] = sk.roc_auc_score(truth == classes[1], probabilities[:, 1])
    else:
        measured["roc_auc"] = sk.roc_auc_score(
            truth, probabilities, multi_class="ovr", average="macro", labels=classes
        )
    return Measurement(measured)


def _unseen(labels: np.ndarray, known: np.ndarray) -> list[Any]:
    return sorted(set(labels.tolist()) - set(known.tolist()), key=str)


def regression_metrics(truth: np.ndarray, predicted: np.ndarray) -> Measurement:
    """Return the errors, in the unit of the target, and R² if there are two rows or more."""
    # A metric that overflows is left out by name, which says more than numpy's warning.
    with np.errstate(all="ignore"):
        measured = {
            "rmse": sk.root_mean_squared_error(truth, predicted),
            "mae": sk.mean_absolute_error(truth, predicted),
            "median_absolute_error": sk.median_absolute_error(truth, predicted),
            "max_error": sk.max_error(truth, predicted),
        }
        if len(truth) < 2:
            return _finite(measured, ("r2: left out, as it needs two rows or more",))
        return _finite(measured | {"r2": sk.r2_score(truth, predicted)})


def baseline(task: str, truth: np.ndarray) -> dict[str, float]:
    """Return metrics of scikit-learn's Dummy estimators, which do not look at the features.

    They are fitted on the target of the test split, which gives the best constant answers for these
    rows: the most frequent class, and the frequencies of all classes as probabilities. No constant
    learned elsewhere does better, so a model that beats them has learned something from the
    features. They also need no training data.
    """
    if task == "classification":
        _, counts = np.unique(truth, return_counts=True)
        shares = counts / len(truth)
        return {
            "accuracy": float(shares.max()),
            "balanced_accuracy": 1 / len(counts),
            "log_loss": float(-shares @ np.log(shares)),
        }
    no_features = np.zeros((len(truth), 1))
    with np.errstate(all="ignore"):
        dummy = DummyRegressor(strategy="mean").fit(no_features, truth)
        error = float(sk.root_mean_squared_error(truth, dummy.predict(no_features)))
    if not math.isfinite(error):
        raise StepError(
            "the target's numbers are too large to compute the RMSE; scale the target down"
        )
    return {"rmse": error}


def _finite(measured: Mapping[str, float], left_out: tuple[str, ...] = ()) -> Measurement:
    metrics = {name: float(value) for name, value in measured.items()}
    notes = tuple(
        f"{name}: left out, as it is {value}"
        for name, value in metrics.items()
        if not math.isfinite(value)
    )
    return Measurement(
        {name: value for name, value in metrics.items() if math.isfinite(value)}, left_out + notes
    )
