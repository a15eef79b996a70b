import json

import numpy as np
import pytest

from evaluate.conftest import Example, Run
from evaluate.executor_output import drawn, native_outputs
from evaluate.measure.predictions import Predictions


def metadata(predictions: Predictions) -> dict[str, object]:
    """Return the metadata of the classification metrics, as KFP receives it."""
    told = json.loads(native_outputs({"a": 0.5}, predictions)["executor_output"])["artifacts"]
    (metrics,) = told["test_metrics"]["artifacts"]
    assert metrics == {"metadata": {"a": 0.5}}
    (artifact,) = told["classification_metrics"]["artifacts"]
    found: dict[str, object] = artifact["metadata"]
    return found


def test_two_classes_have_a_matrix_and_a_curve() -> None:
    truth = np.array(["no", "no", "yes", "yes"], dtype=object)
    predicted = np.array(["no", "yes", "yes", "yes"], dtype=object)
    yes = np.array([0.1, 0.600351, 0.5, 0.8])
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
    assert [(point["confidenceThreshold"], point["recall"]) for point in curve[::3]] == [
        (1.0, 0.0),
        (0.8, 0.5),
        (0.6004, 0.5),
        (0.5, 1.0),
        (0.1, 1.0),
    ]
    assert [point["recall"] for point in curve] == [0.0] * 3 + [0.5] * 6 + [1.0] * 6
    # The UI keeps one point for each rate, and sorts them.
    assert [round(1e7 * point["falsePositiveRate"]) for point in curve] == [
        *(0, 1, 2),
        *(3, 4, 5),
        *(5000000, 5000001, 5000002),
        *(5000003, 5000004, 5000005),
        *(9999998, 9999999, 10000000),
    ]


def test_a_program_reads_each_corner_of_the_curve_once() -> None:
    truth = np.array(["no", "yes", "yes"], dtype=object)
    yes = np.array([0.25, 0.123456, 0.75])
    predictions = Predictions(
        truth, truth, np.column_stack([1 - yes, yes]), np.array(["no", "yes"], dtype=object)
    )

    found = json.loads(native_outputs({}, predictions)["classification_metrics"])

    keys = ("confidenceThreshold", "falsePositiveRate", "recall")
    assert [tuple(point[key] for key in keys) for point in found["confidenceMetrics"]] == [
        (1.0, 0.0, 0.0),
        (0.75, 0.0, 0.5),
        (0.25, 1.0, 0.5),
        (0.1235, 1.0, 1.0),
    ]


@pytest.mark.parametrize("rows", [0, 400], ids=["ends", "many corners at the ends"])
def test_rates_grow_however_many_corners_meet(rows: int) -> None:
    rates = [*[0.0] * rows, 0.0, 1.0, *[1.0] * rows]

    moved = [
        point["falsePositiveRate"] for point in drawn([{"falsePositiveRate": x} for x in rates])
    ]

    assert len(set(moved)) == 3 * len(rates)
    assert moved == sorted(moved)
    assert (moved[0], moved[-1]) == (0.0, 1.0)
    assert max(abs(each - x) for each, x in zip(moved[::3], rates, strict=True)) < 2e-4


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
    (metrics,) = told["test_metrics"]["artifacts"]
    measured = json.loads(outcome.metrics.read_text())
    assert metrics == {"metadata": measured}
    assert json.loads((out / "empty").read_text()) == {}


def test_a_broken_message_is_a_wrong_call(line: Example, evaluate_step: Run) -> None:
    outcome = evaluate_step(line, executor_input='{"outputs"')

    assert outcome.exit_code == 2
    assert "--executor-input" in outcome.stderr
    assert not outcome.result.exists()
