"""The lineage of one call: its inputs and outputs, for whoever runs it again."""

import hashlib
import json

import numpy as np

from evaluate.measure.predictions import Predictions
from evaluate.request import Request
from pinion_step.lineage import sha256
from pinion_step.outputs import to_json


def lineage(request: Request, predictions: Predictions, metrics: str) -> str:
    """Return the parameters, and the hashes of the input and outputs, as JSON.

    `metrics` is the text of the output `test_metrics`.
    """
    return to_json(
        {
            "parameters": {
                "thresholds": request.thresholds.document,
                "compare_with": str(request.compare_with or ""),
                "slices": list(request.slices),
            },
            "inputs": {"test_data": sha256(request.test_data)},
            "outputs": {
                "test_metrics": hashlib.sha256(metrics.encode()).hexdigest(),
                "predictions": digest(predictions),
            },
        }
    )


def digest(predictions: Predictions) -> str:
    """Return the SHA-256 of the predictions, and of the probabilities if there are any.

    Models are compared by their predictions, because a model folder holds ids that always differ.
    """
    hasher = hashlib.sha256()
    for values in (predictions.predicted, predictions.probabilities):
        if values is not None:
            hasher.update(_bytes(values))
    return hasher.hexdigest()


def _bytes(values: np.ndarray) -> bytes:
    # The bytes of an array of objects, such as labels, are addresses in memory.
    numbers = values.dtype.kind in "biuf"
    return values.astype("<f8").tobytes() if numbers else json.dumps(values.tolist()).encode()
