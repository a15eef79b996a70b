"""The classes of columns: their shares, whatever the values are like."""

import numpy as np
import pytest

from decide.conftest import profile
from decide.drift.classes import below, classes
from decide.drift.measures import psi
from pinion_step.formats.profile import Measure

# A profile knows a share to half a percent, and a rounding adds to it.
STEP = 0.0055


def shares(before: object, now: object) -> list[list[float]]:
    columns = (profile({"x": each}).columns["x"] for each in (before, now))  # type: ignore[dict-item]
    rows = classes(*columns)
    return [each.round(3).tolist() for each in rows.shares]


def test_numbers_are_in_bins_of_a_tenth_and_missing_values_in_their_own() -> None:
    before = [*range(1000), *[None] * 250]
    first, second = shares(before, [value for value in before if value is None or value < 500])
    assert first == pytest.approx([*[0.08] * 10, 0.2], abs=0.001)
    assert second == pytest.approx([*[2 / 15] * 5, *[0] * 5, 1 / 3], abs=0.002)


@pytest.mark.parametrize(
    ("now", "moved"),
    [
        pytest.param([5.0] * 300, [0, 1, 0, 0], id="the same"),
        pytest.param([4.0] * 300, [1, 0, 0, 0], id="less"),
        pytest.param([6.0] * 150 + [5.0] * 150, [0, 0.5, 0.5, 0], id="more"),
        pytest.param([None] * 200 + [5.0] * 100, [0, 1 / 3, 0, 2 / 3], id="missing"),
    ],
)
def test_a_constant_is_a_bin_between_two_empty_ones(now: list[float], moved: list[float]) -> None:
    first, second = shares([5.0] * 90, now)
    assert first == [0, 1, 0, 0]
    assert second == pytest.approx(moved, abs=STEP)


def test_a_value_that_is_common_is_a_bin_of_its_own() -> None:
    before = np.array([0.0] * 500 + list(range(1, 501)))
    now = np.array([0.0] * 250 + list(range(-249, 0)) + list(range(1, 501)))
    first, second = shares(before, now)
    assert first[:2] == pytest.approx([0, 0.5], abs=STEP)
    assert second[:2] == pytest.approx([0.25, 0.25], abs=STEP)
    # The fifth decile is between 0 and 1, where no value is.
    assert first[2:] == pytest.approx([0, 0.1, 0.1, 0.1, 0.1, 0.1, 0], abs=STEP)


def test_a_category_that_was_never_seen_has_a_share_of_nothing_before() -> None:
    first, second = shares(["a"] * 30 + ["b"] * 10, ["a"] * 15 + ["new"] * 5)
    assert (first, second) == ([0.75, 0.25, 0, 0, 0], [0.75, 0, 0.25, 0, 0])


def test_categories_that_a_profile_does_not_name_are_among_the_others_of_both() -> None:
    many = [f"c{number:03}" for number in range(120)]
    before, now = [*many, *many[:100]], [*many, *many[20:]]
    first, second = (np.array(each) for each in shares(before, now))
    # 80 categories are named by both profiles. The rest of the rows, 60 of 220, are others.
    assert len(first) == len(second) == 82
    assert first[-2:].tolist() == second[-2:].tolist() == [0.273, 0]
    assert psi(first, second) < 1e-9


def test_texts_are_missing_or_not() -> None:
    columns = [profile({"x": ["a", "b", "c", None]}).columns["x"] for _ in range(2)]
    assert [each.kind for each in columns] == ["category", "category"]


def test_values_at_both_ends_of_what_a_double_holds_have_shares() -> None:
    column = Measure("number", 400, 0, None, None, (-1.7e308,) * 100 + (1.7e308,) * 101)
    assert below(column, [-1.7e308, 0.0, 1.7e308]).tolist() == [0.495, 0.4975, 1.0]
