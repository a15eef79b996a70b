"""The metadata of two outputs, which KFP's UI displays without further configuration.

A program in a container passes metadata to KFP in one file. The executor input, KFP's message to
the program, says where that file belongs; only the placeholder for the whole message brings it.
"""

from collections.abc import Mapping
from typing import Any

from evaluate.measure.predictions import Predictions
from evaluate.report import curves
from pinion_step.outputs import to_json


def native_outputs(metrics: Mapping[str, float], predictions: Predictions) -> dict[str, str]:
    """Return the classification metrics, and the file that passes them and the metrics to KFP.

    KFP expects every declared output: for a regression the classification metrics are empty, and
    its UI leaves them out.
    """
    classification = {} if predictions.classes is None else _classification(predictions)
    metadata = {"metrics": metrics, "classification_metrics": classification}
    artifacts = {name: {"artifacts": [{"metadata": each}]} for name, each in metadata.items()}
    return {
        "classification_metrics": to_json(classification),
        "executor_output": to_json({"artifacts": artifacts}),
    }


def _classification(predictions: Predictions) -> dict[str, Any]:
    """Return what `ClassificationMetrics` of KFP's SDK writes; the UI draws one ROC curve."""
    found = curves.confusion(predictions)
    metadata: dict[str, Any] = {
        "confusionMatrix": {
            "annotationSpecs": [{"displayName": label} for label in found["labels"]],
            "rows": [{"row": counts} for counts in found["counts"]],
        }
    }
    drawn = curves.roc(predictions)
    if predictions.is_binary and drawn:
        (curve,) = drawn
        metadata["confidenceMetrics"] = [
            {"confidenceThreshold": threshold, "recall": true, "falsePositiveRate": false}
            for threshold, true, false in zip(
                curve["thresholds"], curve["y"], curve["x"], strict=True
            )
        ]
    return metadata
