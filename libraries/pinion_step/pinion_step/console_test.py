import pytest

from pinion_step.console import short


@pytest.mark.parametrize(
    ("value", "limit", "shown"),
    [
        pytest.param(0.9583333333333334, None, "0.958333", id="six digits"),
        pytest.param(0.9583333333333334, 0.97, "0.958333", id="six digits beside another"),
        pytest.param(0.9583333333333334, 0.958333, "0.9583333333333334", id="a hit by a hair"),
        pytest.param(0.958333, 0.9583333333333334, "0.958333", id="its limit"),
        pytest.param(0.3, 0.3, "0.3", id="equal"),
        pytest.param(1037227.67, 0.9, "1037228", id="millions"),
    ],
)
def test_two_numbers_look_equal_only_if_they_are(
    value: float, limit: float | None, shown: str
) -> None:
    assert short(value, limit) == shown
