"""The metadata of two outputs, which KFP's UI displays without further configuration."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evaluate.measure.predictions import Predictions
from evaluate.report.numbers import curves
from evaluate.report.numbers.classes import confusion
from pinion_step.kfp.executor_output import describe
from pinion_step.outputs import to_json

# The UI draws a smooth curve through its points, one for each false positive rate. It goes straight
# from corner to corner if each is there three times, at rates that only the UI's code tells apart.
_CORNERS = 100
_TIMES = 3
_APART = 1e-7


def native_outputs(metrics: Mapping[str, float], predictions: Predictions) -> dict[str, str]:
    """Return the classification metrics, and the file that passes them and the metrics to KFP.

    KFP expects every declared output: for a regression the classification metrics are empty, and
    its UI leaves them out.
    """
    found = {} if predictions.classes is None else classification(predictions)
    shown = dict(found)
    if "confidenceMetrics" in found:
        shown["confidenceMetrics"] = drawn(found["confidenceMetrics"])
    return {
        "classification_metrics": to_json(found),
        "executor_output": describe({"test_metrics": metrics, "classification_metrics": shown}),
    }


def classification(predictions: Predictions) -> dict[str, Any]:
    """Return what `ClassificationMetrics` of KFP's SDK writes; the UI draws one ROC curve."""
    found = confusion(predictions)
    metadata: dict[str, Any] = {
        "confusionMatrix": {
            "annotationSpecs": [{"displayName": label} for label in found["labels"]],
            "rows": [{"row": counts} for counts in found["counts"]],
        }
    }
    roc = curves.roc(predictions, _CORNERS)
    if predictions.is_binary and roc:
        (curve,) = roc
        metadata["confidenceMetrics"] = [
            {"confidenceThreshold": round(least, 4), "recall": true, "falsePositiveRate": false}
            for least, true, false in zip(curve["thresholds"], curve["y"], curve["x"], strict=True)
        ]
    return metadata


def drawn(corners: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """Return the points from which KFP's UI draws a curve straight from corner to corner.

    False positive rates grow from point to point, by 1e-7 or more, and stay within 0 and 1.
    """
    points = [corner for corner in corners for _ in range(_TIMES)]
    moved = np.arange(len(points)) * _APART
    rates = np.array([point["falsePositiveRate"] for point in points])
    rates = np.maximum.accumulate(rates - moved) + moved
    rates = np.minimum(rates, 1 - moved[::-1])
    return [
        {**point, "falsePositiveRate": round(rate, 8)}
        for point, rate in zip(points, rates.tolist(), strict=True)
    ]
