"""What KFP's UI shows of an evaluation by itself: the metadata of two of the outputs.

A program in a container gives metadata by one file. Where KFP looks for it stands in its message to
the program, the executor input, which only the placeholder for the whole of it brings.
"""

from collections.abc import Mapping
from typing import Any

from evaluate.measure.predictions import Predictions
from evaluate.report import curves
from pinion_step.outputs import to_json


def native_outputs(metrics: Mapping[str, float], predictions: Predictions) -> dict[str, str]:
    """The classification metrics, and the file that gives them and the metrics to KFP.

    KFP wants each declared output: a regression has empty classification metrics, which its UI
    leaves out.
    """
    classification = {} if predictions.classes is None else _classification(predictions)
    metadata = {"metrics": metrics, "classification_metrics": classification}
    artifacts = {name: {"artifacts": [{"metadata": each}]} for name, each in metadata.items()}
    return {
        "classification_metrics": to_json(classification),
        "executor_output": to_json({"artifacts": artifacts}),
    }


def _classification(predictions: Predictions) -> dict[str, Any]:
    """As `ClassificationMetrics` of KFP's SDK writes it; its UI draws one ROC curve."""
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
