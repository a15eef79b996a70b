"""Metrics by name: what they mean, and which of two values is better."""

from collections.abc import Mapping
from typing import Any

from evaluate.gate.thresholds import ERROR_METRICS

_MEANINGS = {
    "accuracy": "share of rows that are predicted right",
    "balanced_accuracy": "mean of the classes' recalls, so that rare ones count as much",
    "precision": "of the rows predicted as the class, the share that is",
    "recall": "of the rows of the class, the share that is found",
    "f1": "harmonic mean of precision and recall",
    "log_loss": "how far the probabilities are from what happened",
    "roc_auc": "how often a row of the class is ranked above one that is not; 0.5 is chance",
    "rmse": "root of the mean squared error, in the target's unit; large errors count most",
    "mae": "mean error, in the target's unit",
    "median_absolute_error": "half of the errors are smaller, in the target's unit",
    "max_error": "the largest error, in the target's unit",
    "r2": "share of the target's variance that is explained; 0 is a constant answer",
}


def meaning(name: str) -> str:
    """Return what a metric measures, and which direction is better."""
    way = "lower" if name in ERROR_METRICS else "higher"
    return f"{_MEANINGS[name]} ({way} is better)" if name in _MEANINGS else ""


def name_of(document: Mapping[str, Any], metric: str) -> str:
    """Return a metric as a document shows it, such as `recall of "yes"`."""
    return str(document["shown_as"].get(metric, metric))


def better(name: str, low: float | None, high: float | None) -> str:
    """Return whether a difference between `low` and `high` is better, worse or unclear."""
    if low is None or high is None or low <= 0 <= high:
        return "unclear"
    return "worse" if (low > 0) == (name in ERROR_METRICS) else "better"


def beside_all(document: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    """Return whether a slice is better, worse or unclear compared with all rows."""
    name, whole = document["main_metric"], main(document)["value"]
    low, high = (None if end is None else end - whole for end in (part["low"], part["high"]))
    return better(name, low, high)


def main(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the main metric with its interval."""
    (found,) = (each for each in document["metrics"] if each["name"] == document["main_metric"])
    return dict(found)


def measured(document: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Return a metric with its interval; None if it was not computed."""
    return next((each for each in document["metrics"] if each["name"] == name), None)


def value_of(document: Mapping[str, Any], name: str) -> float | None:
    """Return a metric's value; None if it was not computed."""
    found = measured(document, name)
    return found["value"] if found else None


def worst_slices(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the slices that have the main metric, the worst first."""
    name = document["main_metric"]
    sign = -1 if name in ERROR_METRICS else 1
    found = [each for each in document["slices"] if name in each["metrics"]]
    return sorted(found, key=lambda each: sign * each["metrics"][name])
