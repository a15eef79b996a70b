"""The values of a column with the targets beside them, counted in bounded memory.

All rows of a value are counted, or none: a value is taken if its hash is below a bound, which
falls when there are too many. So the sample says exactly, for a random share of the *values*, how
often each occurs and with which targets; if a column has few values, that share is all.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from preprocess.sketches.hashing import Hashes

Counts = NDArray[np.float64]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_ALL = np.iinfo(np.uint64).max


@dataclass(frozen=True)
class Pairs:
    """How many rows have a value and a target; each pair is there once."""

    values: Hashes
    targets: Hashes
    rows: Counts

    def joined(self, other: "Pairs") -> "Pairs":
        """Return both, equal pairs added up."""
        return count_pairs(
            np.concatenate([self.values, other.values]),
            np.concatenate([self.targets, other.targets]),
            np.concatenate([self.rows, other.rows]),
        )

    def swapped(self) -> "Pairs":
        """Return the targets as the values."""
        return Pairs(self.targets, self.values, self.rows)

    def take(self, chosen: NDArray[Any]) -> "Pairs":
        """Return some of the pairs."""
        return Pairs(self.values[chosen], self.targets[chosen], self.rows[chosen])


NO_PAIRS = Pairs(np.empty(0, np.uint64), np.empty(0, np.uint64), np.empty(0))


def count_pairs(values: Hashes, targets: Hashes, rows: Counts | None = None) -> Pairs:
    """Count each pair, in the order in which they are met; `rows` weighs them."""
    # Not a plain sum: value a with target b is not value b with target a.
    codes, distinct = pd.factorize(values * _ODD + targets)
    first = np.empty(len(distinct), np.intp)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    counts = np.bincount(codes, weights=rows, minlength=len(distinct)).astype(np.float64)
    return Pairs(values[first], targets[first], counts)


class ValueSample:
    """The pairs of one column, at most `most` of them, gathered batch by batch."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bound = _ALL
        self.pairs = NO_PAIRS

    @property
    def share(self) -> float:
        """The share of the column's values that is in the sample."""
        return float((int(self._bound) + 1) / 2**64)

    def update(self, values: Hashes, targets: Hashes) -> None:
        """Take a further batch, without missing values, into account."""
        if self._bound != _ALL:
            chosen = np.flatnonzero(values <= np.uint64(self._bound))
            values, targets = values[chosen], targets[chosen]
        pairs = self.pairs.joined(count_pairs(values, targets))
        while len(pairs.rows) > self._most and self._bound:
            self._bound //= 2
            pairs = pairs.take(pairs.values <= np.uint64(self._bound))
        self.pairs = pairs


def determination(pairs: Pairs, fewest: int) -> tuple[float, float]:
    """Return how well a value predicts the target of its other rows: a share and a gain.

    The share is that of the rows whose target is predicted. The gain is 1 if all are, and 0 if no
    more are than by always saying the most frequent target (Goodman and Kruskal's lambda). Both
    are over the rows whose value other rows have too, since a unique one proves nothing. Both are 0
    if those are not half of the rows, or if fewer than `fewest` of them have another target than
    the most frequent one.
    """
    totals, codes = _totals(pairs)
    repeated = pairs.take(totals[codes] >= 2)
    rows = repeated.rows.sum()
    most = _totals(repeated.swapped())[0].max(initial=0.0)
    if 2 * rows < pairs.rows.sum() or rows - most < fewest:
        return 0.0, 0.0
    right = rows - wrong_rows(repeated)
    return float(right / rows), float((right - most) / (rows - most))


def wrong_rows(pairs: Pairs) -> float:
    """Return how many rows have not the most frequent target of their value; more only add."""
    totals, codes = _totals(pairs)
    top = np.zeros(len(totals))
    np.maximum.at(top, codes, pairs.rows)
    return float(totals.sum() - top.sum())


def _totals(pairs: Pairs) -> tuple[Counts, NDArray[np.intp]]:
    """Return the rows of each distinct value, and which of them each pair has."""
    codes, distinct = pd.factorize(pairs.values)
    rows = np.bincount(codes, weights=pairs.rows, minlength=len(distinct))
    return rows.astype(np.float64), codes


def distinct_values(pairs: Pairs) -> int:
    """Return how many distinct values the pairs have."""
    return len(np.unique(pairs.values))
