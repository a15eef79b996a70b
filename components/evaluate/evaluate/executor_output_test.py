import json

import numpy as np
import pytest

from evaluate.conftest import Example, Run
from evaluate.executor_output import native_outputs
from evaluate.measure.predictions import Predictions


def metadata(predictions: Predictions) -> dict[str, object]:
    """Return the metadata of the classification metrics, as KFP receives it."""
    told = json.loads(native_outputs({"a": 0.5}, predictions)["executor_output"])["artifacts"]
    assert told["metrics"] == {"artifacts": [{"metadata": {"a": 0.5}}]}
    (artifact,) = told["classification_metrics"]["artifacts"]
    found: dict[str, object] = artifact["metadata"]
    return found


def test_two_classes_have_a_matrix_and_a_curve() -> None:
    truth = np.array(["no", "no", "yes", "yes"], dtype=object)
    predicted = np.array(["no", "yes", "yes", "yes"], dtype=object)
    yes = np.array([0.1, 0.6, 0.5, 0.8])
    predictions = Predictions(
        truth, predicted, np.column_stack([1 - yes, yes]), np.array(["no", "yes"], dtype=object)
    )

    told = metadata(predictions)

    assert told["confusionMatrix"] == {
        "annotationSpecs": [{"displayName": "no"}, {"displayName": "yes"}],
        "rows": [{"row": [1, 1]}, {"row": [0, 2]}],
    }
    curve = told["confidenceMetrics"]
    assert isinstance(curve, list)
    keys = ("confidenceThreshold", "falsePositiveRate", "recall")
    assert [tuple(point[key] for key in keys) for point in curve] == [
        (1.0, 0.0, 0.0),
        (0.8, 0.0, 0.5),
        (0.6, 0.5, 0.5),
        (0.5, 0.5, 1.0),
        (0.1, 1.0, 1.0),
    ]


@pytest.mark.parametrize("classes", [[3, 8], [3, 5, 8]], ids=["no-probabilities", "three"])
def test_others_have_a_matrix_alone(classes: list[int]) -> None:
    truth, predicted = np.array([3, 3, 8]), np.array([3, 8, 8])
    probabilities = None if len(classes) == 2 else np.full((3, 3), 1 / 3)

    told = metadata(Predictions(truth, predicted, probabilities, np.array(classes)))

    assert told == {
        "confusionMatrix": {
            "annotationSpecs": [{"displayName": "3"}, {"displayName": "8"}],
            "rows": [{"row": [1, 1]}, {"row": [0, 1]}],
        }
    }


def test_the_step_writes_where_kfp_reads(line: Example, evaluate_step: Run) -> None:
    out = line.folder.parent / "kfp outputs"
    message = json.dumps({"outputs": {"outputFile": str(out / "new" / "output.json")}})

    outcome = evaluate_step(line, executor_input=message, classification_metrics=out / "empty")

    assert outcome.exit_code == 0, outcome.stderr
    told = json.loads((out / "new" / "output.json").read_text())["artifacts"]
    (metrics,) = told["metrics"]["artifacts"]
    assert metrics == {"metadata": json.loads(outcome.metrics.read_text())}
    assert json.loads((out / "empty").read_text()) == {}


def test_a_broken_message_is_a_wrong_call(line: Example, evaluate_step: Run) -> None:
    outcome = evaluate_step(line, executor_input='{"outputs"')

    assert outcome.exit_code == 2
    assert "--executor-input" in outcome.stderr
    assert not outcome.result.exists()
