import numpy as np
import pytest

from evaluate.measure.predictions import Predictions
from evaluate.report import curves

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
        "x": [0, 0, 0.5, 0.5, 1],
        "y": [0, 0.5, 0.5, 1, 1],
        "thresholds": [1, 0.8, 0.6, 0.5, 0.1],
    }


def test_precision_over_recall_starts_at_none_found() -> None:
    (curve,) = curves.precision_recall(binary())

    assert curve["x"] == [0, 0.5, 0.5, 1, 1]
    assert curve["y"] == pytest.approx([1, 1, 0.5, 2 / 3, 0.5])


def test_calibration_is_what_happened_over_what_was_given() -> None:
    (curve,) = curves.calibration(binary())

    assert curve == {"label": "yes", "x": [0.1, 0.5, 0.6, 0.8], "y": [0, 1, 0, 1]}


def test_a_row_of_the_matrix_is_a_true_label() -> None:
    truth, predicted = np.array([3, 3, 3, 8]), np.array([3, 8, 8, 8])

    found = curves.confusion(Predictions(truth, predicted, None, np.array([3, 8])))

    assert found == {"labels": ["3", "8"], "counts": [[1, 2], [0, 1]], "labels_left_out": 0}


def test_of_many_classes_the_most_confused_are_shown() -> None:
    truth = np.arange(50)
    predicted = truth.copy()
    predicted[40] = 45

    found = curves.confusion(Predictions(truth, predicted, None, truth))

    assert (len(found["labels"]), found["labels_left_out"]) == (30, 20)
    assert {"40", "45"} < set(found["labels"])


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


def test_residuals_are_predicted_minus_true() -> None:
    errors = curves.residuals(Predictions(np.array([0.0, 0.0, 0.0]), np.array([-1.0, 3.0, 3.0])))

    assert (errors["edges"][0], errors["edges"][-1]) == (-1, 3)
    assert (errors["rows"][0], errors["rows"][-1], sum(errors["rows"])) == (1, 2, 3)
