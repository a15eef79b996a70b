import numpy as np
import pytest

from evaluate.measure.predictions import Predictions
from evaluate.report.numbers.errors import predicted_against_true, residuals


def test_residuals_are_predicted_minus_true() -> None:
    errors = residuals(Predictions(np.array([0.0, 0.0, 0.0]), np.array([-1.0, 3.0, 3.0])))

    assert (errors["edges"][0], errors["edges"][-1]) == (-1, 3)
    assert (errors["rows"][0], errors["rows"][-1], sum(errors["rows"])) == (1, 2, 3)
    assert errors["mean"] == pytest.approx(5 / 3)
    assert errors["percentiles"]["50"] == 3


@pytest.mark.parametrize("error", [0.0, 0.1, 1e17])
def test_errors_that_are_equal_up_to_rounding_have_bars(error: float) -> None:
    close = np.array([error, np.nextafter(error, 1e18)])

    errors = residuals(Predictions(np.zeros(2), close))

    assert (sum(errors["rows"]), len(errors["rows"])) == (2, 30)
    assert errors["edges"] == sorted(set(errors["edges"]))


def test_few_rows_are_shown_one_by_one() -> None:
    found = predicted_against_true(Predictions(np.array([1.0, 4.0]), np.array([2.0, 9.0])))

    assert (found["x"], found["y"], found["cells"]) == ([1, 4], [2, 9], [])
    assert found["range"] == [1, 9]


def test_many_rows_are_counted_in_cells_of_which_each_row_is_in_one() -> None:
    truth = np.linspace(0.0, 32.0, 5000)
    predicted = np.minimum(truth + 1.5, 32.0)

    found = predicted_against_true(Predictions(truth, predicted))

    assert (found["x"], found["range"], found["grid"]) == ([], [0, 32], 32)
    assert sum(rows for _, _, rows in found["cells"]) == 5000
    assert {up - across for across, up, _ in found["cells"]} == {0, 1, 2}


def test_equal_numbers_have_a_range_without_a_width() -> None:
    same = np.full(5000, 7.0)

    found = predicted_against_true(Predictions(same, same))

    assert (found["range"], len(found["x"]), found["cells"]) == ([7, 7], 400, [])
