import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluate.conftest import Example, Run, Store
from evaluate.lineage import digest
from evaluate.measure.predictions import Predictions


def recorded(store: Store, example: Example, folder: Path) -> dict[str, Any]:
    path = store.client.download_artifacts(example.run_id, "lineage/evaluate.json", str(folder))
    return json.loads(Path(path).read_text())


def test_a_run_says_what_its_evaluation_was_given_and_gave(
    three_classes: Example, store: Store, evaluate_step: Run, tmp_path: Path
) -> None:
    asked = {"thresholds": '{"accuracy": 0.25}', "slices": '["x"]'}
    outcome = evaluate_step(three_classes, compare_with="grades/3@m-1", **asked)

    document = recorded(store, three_classes, tmp_path)
    predictions = document["outputs"].pop("predictions")
    assert document == {
        "parameters": {
            "thresholds": {"accuracy": 0.25},
            "slices": ["x"],
            "compare_with": "grades/3@m-1",
        },
        "inputs": {"test_data": hashlib.sha256(three_classes.test_data.read_bytes()).hexdigest()},
        "outputs": {"test_metrics": hashlib.sha256(outcome.metrics.read_bytes()).hexdigest()},
    }
    # The last evaluation is the one that is recorded, and a model says the same of the same rows.
    evaluate_step(three_classes)
    again = recorded(store, three_classes, tmp_path)
    assert again["parameters"] == {"thresholds": {}, "slices": [], "compare_with": ""}
    assert again["outputs"]["predictions"] == predictions


LABELS = np.array(["no", "yes", "yes"], dtype=object)
SHARES = np.array([[0.75, 0.25], [0.5, 0.5], [0.0, 1.0]])


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Predictions(LABELS, LABELS[::-1], SHARES), id="labels"),
        pytest.param(Predictions(LABELS, LABELS, np.nextafter(SHARES, 2)), id="last digits"),
        pytest.param(Predictions(LABELS, LABELS, SHARES[::-1]), id="probabilities"),
        pytest.param(Predictions(LABELS, LABELS), id="no probabilities"),
    ],
)
def test_what_is_said_otherwise_has_another_digest(other: Predictions) -> None:
    assert digest(other) != digest(Predictions(LABELS, LABELS, SHARES))


def test_the_digest_is_of_the_values_alone() -> None:
    truth = np.array(["no", "no", "no"], dtype=object)
    copies = np.array(["".join(list(label)) for label in LABELS], dtype=object)
    same = Predictions(truth, copies, np.asfortranarray(SHARES))
    assert digest(same) == digest(Predictions(LABELS, LABELS, SHARES))
    numbers = np.array([3.5, 1.0, 2.0])
    assert digest(Predictions(numbers, numbers)) != digest(Predictions(numbers, numbers[::-1]))
