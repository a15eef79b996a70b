"""What the step was given and gave, for whoever runs it again."""

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

from evaluate.gate.evaluation import to_json
from evaluate.measure.predictions import Predictions

if TYPE_CHECKING:
    from evaluate.step import Request


def lineage(request: "Request", predictions: Predictions, metrics: str) -> str:
    """The step's parameters, and the hashes of its input and outputs; `metrics` is the output."""
    with request.test_data.open("rb") as file:
        test_data = hashlib.file_digest(file, "sha256").hexdigest()
    return to_json(
        {
            "parameters": {
                "thresholds": json.loads(request.thresholds_given or "{}"),
                "registered_model_name": request.registered_model_name,
                "alias": request.alias,
                "slices": list(request.slices),
            },
            "inputs": {"test_data": test_data},
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
