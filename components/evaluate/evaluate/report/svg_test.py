import pytest

from evaluate.report.svg import short, ticks


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-27945.0, 241306.0, [0, 1e5, 2e5]),
        (0.0, 279.0, [0, 100, 200]),
        (7.0, 7.0, [7]),
    ],
)
def test_axes_have_a_few_round_numbers(low: float, high: float, found: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(found)


@pytest.mark.parametrize(
    ("value", "text"),
    [(250000, "250k"), (-1.5e6, "-1.5M"), (2e9, "2G"), (9999, "9999"), (0.25, "0.25"), (0, "0")],
)
def test_numbers_at_axes_are_short(value: float, text: str) -> None:
    assert short(value) == text
