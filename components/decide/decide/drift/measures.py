"""Effect sizes of drift: how far two distributions are apart, whatever the number of rows.

The first two take shares of classes along the last axis, so that a resample of many tables is one
call.
"""

import numpy as np
from scipy.special import rel_entr

from pinion_step.formats.profile import Measure

# A class without a row has no logarithm. This share stands for it, as is usual.
LEAST_SHARE = 1e-4


def psi(champion: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return the population stability index."""
    first, second = np.maximum(champion, LEAST_SHARE), np.maximum(new, LEAST_SHARE)
    found: np.ndarray = np.sum((second - first) * np.log(second / first), axis=-1)
    return found


def jensen_shannon(champion: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return the Jensen–Shannon distance in nats: 0 for equal, 0.83 for disjoint distributions."""
    middle = (champion + new) / 2
    entropy = np.sum(rel_entr(champion, middle) + rel_entr(new, middle), axis=-1) / 2
    found: np.ndarray = np.sqrt(np.maximum(entropy, 0.0))
    return found


def wasserstein(champion: Measure, new: Measure) -> float | None:
    """Return how far values moved on average, in standard deviations of the champion's data.

    None if that is not known: without a value in one of the tables, or without deviation.
    """
    if not (champion.quantiles and new.quantiles and champion.std):
        return None
    apart = np.abs(np.subtract(champion.quantiles, new.quantiles) / champion.std)
    return float(np.trapezoid(apart) / (len(apart) - 1))
