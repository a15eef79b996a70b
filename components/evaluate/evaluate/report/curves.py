"""The points of scikit-learn's displays, thinned to a bounded number."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from evaluate.measure.predictions import Predictions

MOST_POINTS = 200
MOST_CURVES = 5
MOST_CLASSES = 30
_BINS = 10
_BARS = 20

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

    `thresholds` are the lowest probabilities at which a row counts as a member of the class.
    """
    curves = []
    for label, truth, score in _against_the_rest(predictions):
        false, true, least = sk.roc_curve(truth, score)
        # scikit-learn's first threshold is infinite, and JSON has no infinity.
        points = along({"x": false, "y": true, "thresholds": np.minimum(least, 1.0)}, most)
        curves.append({"label": label, **points})
    return curves


def precision_recall(predictions: Predictions) -> list[Curve]:
    """Return the curves of precision over recall, for the same classes as `roc`."""
    curves = []
    for label, truth, score in _against_the_rest(predictions):
        precision, recall, _ = sk.precision_recall_curve(truth, score)
        curves.append({"label": label, **along({"x": recall[::-1], "y": precision[::-1]})})
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


def confusion(predictions: Predictions) -> dict[str, Any]:
    """Count the rows by true label (rows) and predicted label (columns) of the most confused."""
    labels = sorted(
        {*predictions.truth.tolist(), *predictions.predicted.tolist()},
        key=lambda label: (str(type(label)), label),
    )
    wrong = predictions.truth != predictions.predicted
    mistakes = dict.fromkeys(labels, 0)
    for side in (predictions.truth, predictions.predicted):
        found, counts = np.unique(side[wrong], return_counts=True)
        for label, count in zip(found.tolist(), counts.tolist(), strict=True):
            mistakes[label] += count
    shown = sorted(labels, key=lambda label: -mistakes[label])[:MOST_CLASSES]
    kept = [label for label in labels if label in shown]
    matrix = sk.confusion_matrix(predictions.truth, predictions.predicted, labels=kept)
    return {
        "labels": [str(label) for label in kept],
        "counts": matrix.tolist(),
        "labels_left_out": len(labels) - len(kept),
    }


def per_class(predictions: Predictions) -> dict[str, Any]:
    """Return the rows, precision, recall and F1 of each of the most frequent classes."""
    labels, rows = np.unique(predictions.truth, return_counts=True)
    kept = np.sort(np.argsort(-rows, kind="stable")[:MOST_CLASSES])
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        predictions.truth, predictions.predicted, labels=labels[kept], zero_division=0.0
    )
    columns = zip(labels[kept].tolist(), support, precision, recall, f1, strict=True)
    classes = [
        {
            "label": str(label),
            "rows": int(n),
            "precision": float(p),
            "recall": float(r),
            "f1": float(f),
        }
        for label, n, p, r, f in columns
    ]
    return {"classes": classes, "classes_left_out": len(labels) - len(kept)}


def predicted_against_true(predictions: Predictions) -> Curve:
    """Return some of the rows, spread evenly over the ranks of the true values."""
    chosen = thin(np.argsort(predictions.truth, kind="stable"))
    return {
        "label": "rows",
        "x": predictions.truth[chosen].tolist(),
        "y": predictions.predicted[chosen].tolist(),
    }


def residuals(predictions: Predictions) -> dict[str, Any]:
    """Count the rows by error, predicted minus true; `edges` is one longer than `rows`."""
    rows, edges = np.histogram(predictions.predicted - predictions.truth, bins=_BARS)
    return {"edges": edges.tolist(), "rows": rows.tolist()}
