"""The points of the curves of a classification, thinned to a bounded number."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from evaluate.measure.predictions import Predictions

MOST_POINTS = 200
MOST_CURVES = 5
_BINS = 10

Curve = dict[str, Any]


def thin(values: Sequence[Any] | np.ndarray, most: int = MOST_POINTS) -> list[Any]:
    """Return at most `most` evenly spread values, among them the first and the last."""
    array = np.asarray(values)
    if len(array) > most:
        array = array[np.linspace(0, len(array) - 1, most).round().astype(int)]
    return array.tolist()


def along(curve: Mapping[str, Any], most: int = MOST_POINTS) -> dict[str, list[Any]]:
    """Return points at even distances along a curve, so that steep parts get their share."""
    x, y = np.asarray(curve["x"]), np.asarray(curve["y"])
    places = np.arange(len(x))
    if len(x) > most:
        way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
        places = np.searchsorted(way, np.linspace(0, way[-1], most - 1))
        places = np.unique([*places, len(x) - 1])
    return {name: np.asarray(values)[places].tolist() for name, values in curve.items()}


def roc(predictions: Predictions, most: int = MOST_POINTS) -> list[Curve]:
    """Return the ROC curve of the positive class, or of the most frequent ones against the rest.

    `area` is that under the curve. `thresholds` are the lowest probabilities at which a row
    counts as a member of the class.
    """
    curves = []
    for label, truth, score in _against_the_rest(predictions):
        false, true, least = sk.roc_curve(truth, score)
        # scikit-learn's first threshold is infinite, and JSON has no infinity.
        points = along({"x": false, "y": true, "thresholds": np.minimum(least, 1.0)}, most)
        curves.append({"label": label, "area": float(sk.auc(false, true)), **points})
    return curves


def precision_recall(predictions: Predictions) -> list[Curve]:
    """Return the curves of precision over recall, for the same classes as `roc`.

    `area` is the average precision, and `share` that of guessing: the share of the class.
    """
    curves = []
    for label, truth, score in _against_the_rest(predictions):
        precision, recall, _ = sk.precision_recall_curve(truth, score)
        points = along({"x": recall[::-1], "y": precision[::-1]})
        area = float(-np.diff(recall) @ precision[:-1])
        curves.append({"label": label, "area": area, "share": float(truth.mean()), **points})
    return curves


def calibration(predictions: Predictions) -> list[Curve]:
    """Return how often a class was true, over its mean probability, in bins of equal size.

    The class is the positive one, or the predicted one if there are more than two classes.
    """
    if predictions.probabilities is None or predictions.classes is None:
        return []
    if predictions.is_binary:
        label = predictions.classes.tolist()[1]
        happened = predictions.truth == label
        given = predictions.probabilities[:, 1]
    else:
        label, happened = "predicted class", predictions.truth == predictions.predicted
        given = predictions.probabilities.max(axis=1)
    # Sums of rounded probabilities may exceed 1 in the last digit.
    true, mean = calibration_curve(
        happened, np.clip(given, 0, 1), n_bins=_BINS, strategy="quantile"
    )
    return [{"label": str(label), "x": mean.tolist(), "y": true.tolist()}]


def threshold(predictions: Predictions) -> dict[str, Any]:
    """Return precision, recall and F1 over the least probability at which the class is answered.

    `chosen` is where this model answers it. The document is empty unless there are two classes,
    probabilities, and rows of both classes.
    """
    against = _against_the_rest(predictions) if predictions.is_binary else []
    if not against or predictions.classes is None:
        return {}
    ((label, truth, score),) = against
    precision, recall, least = sk.precision_recall_curve(truth, score)
    both = precision[:-1] + recall[:-1]
    f1 = np.divide(2 * precision[:-1] * recall[:-1], both, out=np.zeros_like(both), where=both > 0)
    points = along({"x": least, "y": recall[:-1], "precision": precision[:-1], "f1": f1})
    points["recall"] = points.pop("y")
    highest = int(f1.argmax())
    return {
        "label": label,
        **points,
        "chosen": _chosen(predictions, predictions.classes[1], truth, score),
        "best_f1": {"threshold": float(least[highest]), "f1": float(f1[highest])},
    }


def _chosen(
    predictions: Predictions, label: Any, truth: np.ndarray, score: np.ndarray
) -> dict[str, float] | None:
    """Return the probability from which the model answers the class, and what follows from it.

    It is 0.5, or else between the probabilities of the rows that the model answers differently;
    None if the model does not go by the probability.
    """
    answered = predictions.predicted == label
    least = float(score[answered].min()) if answered.any() else 1.0
    most = float(score[~answered].max()) if not answered.all() else 0.0
    if least < most:
        return None
    found = int(np.count_nonzero(answered & truth))
    return {
        "threshold": 0.5 if most <= 0.5 <= least else (least + most) / 2,
        "precision": found / max(1, int(np.count_nonzero(answered))),
        "recall": found / int(np.count_nonzero(truth)),
        "false_positive_rate": int(np.count_nonzero(answered & ~truth))
        / int(np.count_nonzero(~truth)),
        "answered": float(answered.mean()),
    }


def _against_the_rest(
    predictions: Predictions,
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    if predictions.probabilities is None or predictions.classes is None:
        return []
    classes = predictions.classes.tolist()
    rows = [int(np.count_nonzero(predictions.truth == label)) for label in classes]
    frequent = sorted(range(len(classes)), key=lambda code: -rows[code])[:MOST_CURVES]
    return [
        (str(classes[code]), predictions.truth == classes[code], predictions.probabilities[:, code])
        for code in ([1] if len(classes) == 2 else sorted(frequent))
        if 0 < rows[code] < len(predictions.truth)
    ]
