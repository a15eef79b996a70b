"""What the step was given and gave, for whoever runs it again."""

import hashlib
import json

import numpy as np

from evaluate.measure.predictions import Predictions
from evaluate.request import Request
from pinion_step.lineage import sha256
from pinion_step.outputs import to_json


def lineage(request: Request, predictions: Predictions, metrics: str) -> str:
    """The step's parameters, and the hashes of its input and outputs; `metrics` is the output."""
    return to_json(
        {
            "parameters": {
                "thresholds": json.loads(request.thresholds.given or "{}"),
                "registered_model_name": request.registered_model_name,
                "alias": request.alias,
                "slices": list(request.slices),
            },
            "inputs": {"test_data": sha256(request.test_data)},
            "outputs": {
                "metrics": hashlib.sha256(metrics.encode()).hexdigest(),
                "predictions": digest(predictions),
            },
        }
    )


def digest(predictions: Predictions) -> str:
    """SHA-256 of what was predicted for each row, and of the probabilities where there are any.

    A model folder holds ids, so that models are told apart by what they say.
    """
    hasher = hashlib.sha256()
    for values in (predictions.predicted, predictions.probabilities):
        if values is not None:
            hasher.update(_bytes(values))
    return hasher.hexdigest()


def _bytes(values: np.ndarray) -> bytes:
    # Of labels an array of objects holds addresses.
    numbers = values.dtype.kind in "biuf"
    return values.astype("<f8").tobytes() if numbers else json.dumps(values.tolist()).encode()
