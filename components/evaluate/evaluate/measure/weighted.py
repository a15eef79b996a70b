"""The metrics of `metrics.py` over weighted rows, for many weightings at once.

Weights are whole numbers of shape (resamples, rows); each metric has shape (resamples,). A test
compares the two modules.
"""

from collections.abc import Callable

import numpy as np

from evaluate.measure.predictions import Predictions

# The area under the curve takes one pass per class.
MOST_CLASSES_OF_ROC = 30

Weighted = Callable[[np.ndarray], dict[str, np.ndarray]]


def weighted(predictions: Predictions) -> Weighted:
    """Return a function from weights to metrics, without max_error, which has no bootstrap."""
    if predictions.classes is None:
        return _regression(predictions.truth, predictions.predicted)
    counts = _counts(predictions, predictions.classes)
    if predictions.probabilities is None:
        return counts
    curves = _probabilities(predictions.truth, predictions.probabilities, predictions.classes)
    return lambda weights: counts(weights) | curves(weights)


def _regression(truth: np.ndarray, predicted: np.ndarray) -> Weighted:
    error = np.abs(truth - predicted)
    order = np.argsort(error, kind="stable")
    centred = truth - truth.mean()

    def metrics(weights: np.ndarray) -> dict[str, np.ndarray]:
        rows = weights.sum(axis=1)
        squares = weights @ error**2
        spread = weights @ centred**2 - (weights @ centred) ** 2 / rows
        ranks = weights[:, order].cumsum(axis=1)
        middle = [
            error[order][(ranks > place[:, None]).argmax(axis=1)]
            for place in ((rows - 1) // 2, rows // 2)
        ]
        with np.errstate(divide="ignore", invalid="ignore"):
            return {
                "rmse": np.sqrt(squares / rows),
                "mae": weights @ error / rows,
                "median_absolute_error": (middle[0] + middle[1]) / 2,
                "r2": np.where(spread > 0, 1 - squares / spread, np.nan),
            }

    return metrics


def _counts(predictions: Predictions, classes: np.ndarray) -> Weighted:
    """Return the metrics of the confusion matrix, of which only occurring cells are kept."""
    truth, predicted = _codes(predictions, classes)
    labels = int(max(truth.max(), predicted.max(), len(classes) - 1)) + 1
    cells, cell = np.unique(truth * labels + predicted, return_inverse=True)
    order = np.argsort(cell, kind="stable")
    starts = np.searchsorted(cell[order], np.arange(len(cells)))
    of_truth = np.eye(labels)[cells // labels]
    of_predicted = np.eye(labels)[cells % labels]

    def metrics(weights: np.ndarray) -> dict[str, np.ndarray]:
        matrix = np.add.reduceat(weights[:, order], starts, axis=1)
        actual, asked = matrix @ of_truth, matrix @ of_predicted
        hits = matrix @ (of_truth * of_predicted)
        recall = _share(hits, actual)
        each = {"precision": _share(hits, asked), "recall": recall}
        each["f1"] = _share(2 * hits, actual + asked)
        return {
            "accuracy": hits.sum(axis=1) / weights.sum(axis=1),
            "balanced_accuracy": recall.sum(axis=1) / np.count_nonzero(actual, axis=1),
        } | {
            name: values[:, 1] if len(classes) == 2 else values.mean(axis=1)
            for name, values in each.items()
        }

    return metrics


def _codes(predictions: Predictions, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return truth and predictions as positions in the classes, with unseen labels at the end."""
    known = classes.tolist()
    unseen = sorted(set(predictions.truth.tolist()) - set(known), key=str)
    codes = {label: code for code, label in enumerate([*known, *unseen])}
    truth, predicted = (
        np.fromiter((codes[label] for label in values.tolist()), dtype=np.int64)
        for values in (predictions.truth, predictions.predicted)
    )
    return truth, predicted


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _probabilities(truth: np.ndarray, probabilities: np.ndarray, classes: np.ndarray) -> Weighted:
    known = {label: code for code, label in enumerate(classes.tolist())}
    if not set(truth.tolist()) <= known.keys():
        return lambda weights: {}
    codes = np.fromiter((known[label] for label in truth.tolist()), dtype=np.int64)
    tiny = np.finfo(probabilities.dtype).eps
    losses = -np.log(np.clip(probabilities[np.arange(len(codes)), codes], tiny, 1 - tiny))
    of_roc = [1] if len(classes) == 2 else range(len(classes))
    if len(classes) > MOST_CLASSES_OF_ROC:
        of_roc = []
    areas = [_roc_auc(codes == code, probabilities[:, code]) for code in of_roc]

    def metrics(weights: np.ndarray) -> dict[str, np.ndarray]:
        measured = {"log_loss": weights @ losses / weights.sum(axis=1)}
        if areas:
            # Like the metric itself, it is NaN if a class is missing.
            measured["roc_auc"] = np.mean([area(weights) for area in areas], axis=0)
        return measured

    return metrics


def _roc_auc(positive: np.ndarray, score: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from weights to the share of positive-negative pairs in the right order."""
    order = np.argsort(score, kind="stable")
    starts = np.unique(score[order], return_index=True)[1]
    positive = positive[order]

    def area(weights: np.ndarray) -> np.ndarray:
        weights = weights[:, order]
        above = np.add.reduceat(weights * positive, starts, axis=1)
        below = np.add.reduceat(weights * ~positive, starts, axis=1)
        pairs = above.sum(axis=1) * below.sum(axis=1)
        # A pair with equal scores counts half.
        in_order = (above * (below.cumsum(axis=1) - below / 2)).sum(axis=1)
        return np.divide(in_order, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)

    return area
