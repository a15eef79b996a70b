"""The classes: which are taken for which, and how well each is found."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics as sk

from evaluate.measure.predictions import Predictions
from evaluate.report.numbers.intervals import share_interval

MOST_CLASSES = 30


def confusion(predictions: Predictions) -> dict[str, Any]:
    """Count the rows by true label (rows) and predicted label (columns) of the most confused.

    With more than MOST_CLASSES labels, the last one stands for all others, `labels_grouped`.
    """
    truth, predicted = predictions.truth, predictions.predicted
    labels = sorted(
        {*truth.tolist(), *predicted.tolist()}, key=lambda label: (str(type(label)), label)
    )
    wrong = truth != predicted
    mistakes = dict.fromkeys(labels, 0)
    for side in (truth, predicted):
        found, counts = np.unique(side[wrong], return_counts=True)
        for label, count in zip(found.tolist(), counts.tolist(), strict=True):
            mistakes[label] += count
    shown = set(sorted(labels, key=lambda label: -mistakes[label])[:MOST_CLASSES])
    kept = [label for label in labels if label in shown]
    grouped = len(labels) - len(kept)
    names = [str(label) for label in kept]
    if grouped:
        names.append("1 other class" if grouped == 1 else f"{grouped} other classes")
    places = {label: place for place, label in enumerate(kept)}
    rows, columns = (_places(side, places) for side in (truth, predicted))
    counts = np.bincount(rows * len(names) + columns, minlength=len(names) ** 2)
    return {
        "labels": names,
        "counts": counts.reshape(len(names), len(names)).tolist(),
        "labels_grouped": grouped,
        "right": int(np.count_nonzero(~wrong)),
    }


def _places(labels: np.ndarray, places: dict[Any, int]) -> np.ndarray:
    """Return the place of each row's label; all that have none are at the end."""
    codes, values = pd.factorize(labels)
    return np.array([places.get(value, len(places)) for value in values.tolist()])[codes]


def per_class(predictions: Predictions) -> dict[str, Any]:
    """Return the rows, precision, recall and F1 of each of the most frequent classes.

    `low` and `high` are the ends of the interval of recall.
    """
    labels, rows = np.unique(predictions.truth, return_counts=True)
    kept = np.sort(np.argsort(-rows, kind="stable")[:MOST_CLASSES])
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        predictions.truth, predictions.predicted, labels=labels[kept], zero_division=0.0
    )
    classes = []
    for label, n, p, r, f in zip(
        labels[kept].tolist(), support.tolist(), precision, recall, f1, strict=True
    ):
        low, high = share_interval(round(float(r) * n), n)
        measured = {"precision": float(p), "recall": float(r), "f1": float(f)}
        classes.append({"label": str(label), "rows": n, **measured, "low": low, "high": high})
    return {"classes": classes, "classes_left_out": len(labels) - len(kept)}
