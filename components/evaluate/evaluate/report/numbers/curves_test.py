import numpy as np
import pytest

from evaluate.measure.predictions import Predictions
from evaluate.report.numbers import curves

NO_YES = np.array(["no", "yes"], dtype=object)


def binary(rows: int = 4) -> Predictions:
    """Of four rows, the pair of 0.6 (no) and 0.5 (yes) is in the wrong order."""
    truth = np.resize(np.array(["no", "no", "yes", "yes"], dtype=object), rows)
    yes = np.resize([0.1, 0.6, 0.5, 0.8], rows)
    predicted = np.where(yes > 0.55, "yes", "no").astype(object)
    return Predictions(truth, predicted, np.column_stack([1 - yes, yes]), NO_YES)


def test_the_roc_curve_is_of_the_positive_class() -> None:
    (curve,) = curves.roc(binary())

    assert curve == {
        "label": "yes",
        "area": 0.75,
        "x": [0, 0, 0.5, 0.5, 1],
        "y": [0, 0.5, 0.5, 1, 1],
        "thresholds": [1, 0.8, 0.6, 0.5, 0.1],
    }


def test_precision_over_recall_starts_at_none_found() -> None:
    (curve,) = curves.precision_recall(binary())

    assert curve["x"] == [0, 0.5, 0.5, 1, 1]
    assert curve["y"] == pytest.approx([1, 1, 0.5, 2 / 3, 0.5])
    # Half of the rows is found with precision 1, and the other half with 2 / 3.
    assert curve["area"] == pytest.approx(5 / 6)
    assert curve["share"] == 0.5


def test_calibration_is_what_happened_over_what_was_given() -> None:
    (curve,) = curves.calibration(binary())

    assert curve == {"label": "yes", "x": [0.1, 0.5, 0.6, 0.8], "y": [0, 1, 0, 1]}


def test_curves_are_thinned_and_few() -> None:
    rng = np.random.default_rng(0)
    classes = np.arange(8)
    truth = rng.choice(classes, 5000, p=[0.02, 0.02, 0.02, 0.14, 0.2, 0.2, 0.2, 0.2])
    probabilities = rng.dirichlet(np.ones(8), 5000)
    drawn = curves.roc(Predictions(truth, truth, probabilities, classes))

    assert [curve["label"] for curve in drawn] == ["3", "4", "5", "6", "7"]
    for curve in drawn:
        assert 150 < len(curve["x"]) <= 200
        assert (curve["x"][0], curve["y"][0]) == (0, 0)
        assert (curve["x"][-1], curve["y"][-1]) == (1, 1)


def test_a_thinned_curve_keeps_its_steep_part() -> None:
    # Of 1000 points all but two are at the end of the way.
    x = np.concatenate([[0.0, 0.5], np.linspace(0.999, 1, 998)])

    kept = curves.along({"x": x, "y": x**2, "name": np.arange(1000)}, most=11)

    assert kept["name"][:2] == [0, 1]
    assert kept["name"][-1] == 999
    assert len(kept["x"]) <= 11
    assert all(y == value**2 for value, y in zip(kept["x"], kept["y"], strict=True))


def test_where_to_answer_has_the_point_of_the_model_and_the_best_one() -> None:
    found = curves.threshold(binary())

    assert found["x"] == [0.1, 0.5, 0.6, 0.8]
    assert found["recall"] == [1, 1, 0.5, 0.5]
    assert found["precision"] == pytest.approx([0.5, 2 / 3, 0.5, 1])
    assert found["f1"] == pytest.approx([2 / 3, 0.8, 0.5, 2 / 3])
    assert found["best_f1"] == {"threshold": 0.5, "f1": pytest.approx(0.8)}
    # The model says yes to 0.6 and 0.8, one of which is wrong, and no to 0.5.
    assert found["chosen"] == {
        "threshold": 0.5,
        "precision": 0.5,
        "recall": 0.5,
        "false_positive_rate": 0.5,
        "answered": 0.5,
    }


def test_a_model_that_answers_from_elsewhere_is_found_out() -> None:
    asked = binary()
    predicted = np.where(np.array([0.1, 0.6, 0.5, 0.8]) > 0.7, "yes", "no").astype(object)
    other = Predictions(asked.truth, predicted, asked.probabilities, NO_YES)

    chosen = curves.threshold(other)["chosen"]

    assert chosen["threshold"] == pytest.approx(0.7)
    assert (chosen["precision"], chosen["recall"], chosen["answered"]) == (1, 0.5, 0.25)


def test_a_model_that_does_not_go_by_its_probabilities_has_no_point() -> None:
    asked = binary()
    other = Predictions(asked.truth, asked.predicted[::-1], asked.probabilities, NO_YES)

    assert curves.threshold(other)["chosen"] is None


def test_three_classes_have_no_threshold() -> None:
    truth = np.array([0, 1, 2])

    assert curves.threshold(Predictions(truth, truth, np.eye(3), truth)) == {}
