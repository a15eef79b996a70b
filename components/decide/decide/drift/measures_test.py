"""The measures of profiles, held to SciPy's of the raw values.

A profile holds 201 quantiles of a column, so it knows the share of the rows below a value to half a
percent. The tolerances are what follows from that, and nothing is added.
"""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, wasserstein_distance

from decide.conftest import profile
from decide.drift.classes import classes
from decide.drift.measures import jensen_shannon, psi, wasserstein
from pinion_step.formats.profile import Column, Measure

RNG = np.random.default_rng(8)
STEP = 1 / 200
NUMBERS = {
    "normal, shifted": (RNG.normal(0, 1, 4000), RNG.normal(0.4, 1.3, 700)),
    "skewed": (RNG.lognormal(0, 1, 3000), RNG.lognormal(0.3, 1, 5000)),
    "whole numbers": (RNG.poisson(3, 900) * 1.0, RNG.poisson(4, 2000) * 1.0),
    "mostly zero": (
        np.where(RNG.random(2000) < 0.6, 0, RNG.exponential(5, 2000)),
        np.where(RNG.random(900) < 0.4, 0, RNG.exponential(5, 900)),
    ),
    "the same": (RNG.uniform(5, 9, 3000), RNG.uniform(5, 9, 3000)),
}
each_pair = pytest.mark.parametrize("before, now", NUMBERS.values(), ids=NUMBERS.keys())


def of(values: object) -> Column:
    return profile({"x": values}).columns["x"]  # type: ignore[dict-item]


@each_pair
def test_wasserstein_is_scipys_in_deviations(before: np.ndarray, now: np.ndarray) -> None:
    champion, new = of(before), of(now)
    assert isinstance(champion, Measure)
    assert isinstance(new, Measure)
    found = wasserstein(champion, new)
    # Between two quantiles, a value is somewhere between them: off by half their distance on
    # average. The distances of all quantiles add up to the range.
    tolerance = (np.ptp(before) + np.ptp(now)) / 2 * STEP / before.std()
    expected = wasserstein_distance(before, now) / before.std()
    assert found == pytest.approx(expected, abs=tolerance)


@each_pair
def test_psi_of_numbers_is_scipys_of_the_deciles(before: np.ndarray, now: np.ndarray) -> None:
    ends = np.unique(np.quantile(before, np.linspace(0.1, 0.9, 9)))
    # A value that is several deciles is a bin of its own.
    edges = np.unique([-np.inf, *ends, *np.nextafter(ends, -np.inf), np.inf])
    first, second = (
        np.maximum(np.histogram(-each, np.sort(-edges))[0] / len(each), 1e-4)
        for each in (before, now)
    )
    expected = entropy(first, second) * first.sum() + entropy(second, first) * second.sum()
    shares = classes(of(before), of(now)).shares
    steep = np.abs(np.log(second / first)) + np.abs(1 - second / first)
    assert psi(*shares) == pytest.approx(expected, abs=2 * STEP * steep.sum() + 0.005)


def test_categories_are_scipys_exactly() -> None:
    before = ["a"] * 70 + ["b"] * 20 + ["c"] * 10
    now = ["a"] * 35 + ["b"] * 50 + ["c"] * 15
    rows = classes(of(before), of(now))
    first, second = [0.7, 0.2, 0.1], [0.35, 0.5, 0.15]
    assert float(psi(*rows.shares)) == pytest.approx(
        entropy(first, second) + entropy(second, first), rel=0.001
    )
    assert float(jensen_shannon(*rows.shares)) == pytest.approx(jensenshannon(first, second))
    # By hand: 0.35 ln 2 + 0.3 ln 2.5 + 0.05 ln 1.5
    assert float(psi(*rows.shares)) == pytest.approx(0.5378, abs=1e-4)


def test_measures_of_equal_and_of_disjoint_columns() -> None:
    same = classes(of(["a", "b"]), of(["b", "a"]))
    assert (float(psi(*same.shares)), float(jensen_shannon(*same.shares))) == (0, 0)
    apart = classes(of(["a", "a"]), of(["b", "b"]))
    assert float(jensen_shannon(*apart.shares)) == pytest.approx(np.sqrt(np.log(2)))
    # A share of nothing counts as 0.0001.
    assert float(psi(*apart.shares)) == pytest.approx(2 * 0.9999 * np.log(10_000))


@pytest.mark.parametrize(
    ("before", "now"),
    [
        pytest.param([5.0] * 9, [5.0] * 8, id="constant"),
        pytest.param([5.0] * 9, [6.0] * 9, id="constant before"),
        pytest.param([None] * 9, [1.0, 2.0], id="nothing before"),
        pytest.param([1.0, 2.0], [None] * 9, id="nothing now"),
    ],
)
def test_without_a_deviation_or_values_there_is_no_distance(
    before: list[float | None], now: list[float | None]
) -> None:
    champion, new = (
        Measure("number", *found) if len(found) == 5 else of(each)
        for each, found in ((before, ()), (now, ()))
    )
    if isinstance(champion, Measure) and isinstance(new, Measure):
        assert wasserstein(champion, new) is None
