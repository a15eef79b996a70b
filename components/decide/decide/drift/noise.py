"""The noise of a measure: how large it is between two tables of equal data.

Two tables of these sizes are drawn many times from the distribution of both tables together. The
generator starts anew for each column, so that a column has the same noise whatever is beside it.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.special import gammaincinv

from decide.drift.classes import Classes, below, filled
from pinion_step.formats.profile import Measure

RESAMPLES = 200
# How many comparisons of equal data may have a measure above its noise, in any column.
FALSE_ALARMS = 0.01
_SEED = 21
_CELLS = 200


def tail(values: np.ndarray, alarms: float) -> float:
    """Return what the values exceed in a share of `alarms`, by a gamma distribution.

    The measures are sums of squares or of absolute differences, which nearly follow it, and the
    share is far smaller than the resamples could tell by themselves.
    """
    mean, variance = float(np.mean(values)), float(np.var(values))
    if not variance:
        return mean
    return float(gammaincinv(mean**2 / variance, 1 - alarms) * variance / mean)


def of_classes(
    rows: Classes, measure: Callable[[np.ndarray, np.ndarray], np.ndarray], alarms: float
) -> float:
    """Return the noise of a measure of shares of classes."""
    generator = np.random.default_rng(_SEED)
    both = rows.champion + rows.new
    sizes = [max(1, round(float(each.sum()))) for each in (rows.champion, rows.new)]
    shares = [generator.multinomial(size, both / both.sum(), RESAMPLES) / size for size in sizes]
    return tail(measure(*shares), alarms)


def of_distance(champion: Measure, new: Measure, alarms: float) -> float:
    """Return the noise of the normalized Wasserstein distance."""
    values = _both(champion, new)
    gaps = np.diff(values) / (champion.std or 1.0)
    apart = _apart(filled(champion), filled(new))
    return tail((apart[:, :-1] + apart[:, 1:]) / 2 @ gaps, alarms)


def _both(champion: Measure, new: Measure) -> np.ndarray:
    """Return the quantiles of both tables together."""
    points = np.unique([*champion.quantiles, *new.quantiles])
    rows = filled(champion) + filled(new)
    shares = [below(each, points) * filled(each) / rows for each in (champion, new)]
    found: np.ndarray = np.interp(np.linspace(0, 1, _CELLS + 1), shares[0] + shares[1], points)
    return found


@lru_cache(maxsize=8)
def _apart(champion: int, new: int) -> np.ndarray:
    """Return how far the shares below each quantile are apart in tables of these sizes."""
    generator = np.random.default_rng(_SEED)
    share = np.full(_CELLS, 1 / _CELLS)
    first, second = (
        np.cumsum(generator.multinomial(size, share, RESAMPLES), axis=1) / size
        for size in (champion, new)
    )
    found: np.ndarray = np.abs(np.pad(first - second, ((0, 0), (1, 0))))
    return found
