import numpy as np
import pytest

from evaluate.measure.predictions import Predictions
from evaluate.measure.weighted import weighted

RNG = np.random.default_rng(5)
NO_YES = np.array(["no", "yes"], dtype=object)


def classification(classes: np.ndarray, rows: int = 40) -> Predictions:
    """Predictions of some skill, with ties in the probabilities."""
    truth = np.concatenate([classes, RNG.choice(classes, rows - len(classes))])
    scores = RNG.random((rows, len(classes))).round(1) + 0.1
    scores += 0.8 * (truth[:, None] == classes[None, :])
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    return Predictions(truth, classes[probabilities.argmax(axis=1)], probabilities, classes)


def with_an_unseen_label(classes: np.ndarray) -> Predictions:
    seen = classification(classes)
    truth = seen.truth.copy()
    truth[-1] = "never" if truth.dtype == object else 99
    return Predictions(truth, seen.predicted, seen.probabilities, classes)


def regression() -> Predictions:
    truth = RNG.normal(100, 3, 41)
    return Predictions(truth, truth + RNG.normal(1, 2, 41))


@pytest.mark.parametrize(
    "predictions",
    [
        pytest.param(classification(NO_YES), id="two classes"),
        pytest.param(classification(np.array([1, 5, 9])), id="three classes"),
        pytest.param(with_an_unseen_label(NO_YES), id="two and a label that training lacked"),
        pytest.param(with_an_unseen_label(np.array([1, 5, 9])), id="three and one more"),
        pytest.param(
            Predictions(np.array([3, 8, 8, 8]), np.array([8, 8, 8, 3]), None, np.array([3, 8])),
            id="no probabilities",
        ),
        pytest.param(regression(), id="regression"),
    ],
)
def test_a_weighting_is_the_metrics_of_the_rows_repeated(predictions: Predictions) -> None:
    weights = RNG.integers(0, 4, (3, len(predictions.truth))).astype(float)
    weights[:, [0, 1, 2, -1]] += 1  # no label is lost

    found = weighted(predictions)(weights)

    for row, weight in enumerate(weights):
        repeated = predictions.rows(np.repeat(np.arange(len(weight)), weight.astype(int)))
        expected = repeated.measure().metrics
        expected.pop("max_error", None)
        assert {name: values[row] for name, values in found.items()} == pytest.approx(
            expected, abs=1e-12
        )


def test_the_area_under_the_curve_is_unknown_without_a_class() -> None:
    predictions = classification(NO_YES)
    only_no = (predictions.truth == "no").astype(float)[None, :]

    assert np.isnan(weighted(predictions)(only_no)["roc_auc"]).all()
