import numpy as np
import pytest

from evaluate.measure.predictions import Predictions
from evaluate.report.numbers.intervals import main_metric_interval

CLASSES = np.array([0, 1])


def right(count: int, rows: int) -> Predictions:
    truth = np.zeros(rows, dtype=int)
    return Predictions(truth, (np.arange(rows) >= count).astype(int), None, CLASSES)


@pytest.mark.parametrize(
    ("count", "rows", "ends"),
    [
        # From the tables of Newcombe (1998), method 3.
        pytest.param(81, 263, (0.2553, 0.3662), id="many"),
        pytest.param(15, 148, (0.0624, 0.1605), id="few-right"),
        pytest.param(0, 20, (0.0, 0.1611), id="none-right"),
        pytest.param(29, 29, (0.8830, 1.0), id="all-right"),
    ],
)
def test_accuracy_has_wilsons_interval(count: int, rows: int, ends: tuple[float, float]) -> None:
    assert main_metric_interval(right(count, rows)) == pytest.approx(ends, abs=5e-5)


def test_the_interval_of_the_rmse_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(500):
        errors = rng.normal(scale=3.0, size=400)
        low, high = main_metric_interval(Predictions(np.zeros(400), errors))
        assert low is not None
        assert high is not None
        held += low < 3.0 < high
    assert held / 500 == pytest.approx(0.95, abs=0.03)


def test_one_row_says_nothing_of_an_rmse() -> None:
    assert main_metric_interval(Predictions(np.array([1.0]), np.array([3.0]))) == (None, None)
