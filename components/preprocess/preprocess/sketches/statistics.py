"""The statistics of the rows kept, gathered batch by batch in bounded memory."""

from typing import Any

import numpy as np
import pandas as pd
from pandas import Series

from preprocess.reading.kinds import Kind
from preprocess.reading.schema import MOST_CATEGORIES, Feature
from preprocess.sketches.hashing import Hashes, hash_column

# All columns together keep as many hashes, and one at least, whatever the width of the table.
_ALL_HASHES = 1 << 23
_FEWEST_HASHES = 1 << 14
_ALL = 2**64 - 1
_FEW = 1 << 14


class DistinctCount:
    """Counts distinct hashes: exactly up to `most` of them, beyond from those below a bound.

    The bound falls when there are too many. The count is then an estimate, whose standard error
    is a share of about 1 / sqrt(most / 2).
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._bound = _ALL
        self._known: Hashes = np.empty(0, np.uint64)
        self._new: list[Hashes] = []

    def update(self, hashes: Hashes) -> None:
        """Take further hashes into account."""
        if self._bound != _ALL:
            hashes = hashes[hashes <= np.uint64(self._bound)]
        self._new.append(hashes)
        # Not at every batch, as each time all that are known are sorted.
        if sum(map(len, self._new)) > max(_FEW, len(self._known) // 2):
            self._merge()

    def count(self) -> int:
        """Return the number of distinct hashes."""
        self._merge()
        return round(len(self._known) * 2**64 / (self._bound + 1))

    def _merge(self) -> None:
        self._known = np.unique(np.concatenate([self._known, *self._new]))
        self._new = []
        while len(self._known) > self._most:
            self._bound //= 2
            self._known = self._known[self._known <= np.uint64(self._bound)]


class FeatureStatistics:
    """Missing count, range and categories of one feature."""

    def __init__(self, name: str, kind: Kind, columns: int) -> None:
        """`columns` is how many there are, which share the memory."""
        self.name = name
        self._kind = kind
        self._missing = 0
        # The least and the greatest value of each batch.
        self._ends: list[Any] = []
        self._categories: set[str] = set()
        # Beyond MOST_CATEGORIES only hashes are kept.
        self._distinct = DistinctCount(max(_FEWEST_HASHES, _ALL_HASHES // columns))

    def update(self, column: Series) -> None:
        """Take a further batch, of the column's kind, into account."""
        present = column.dropna()
        self._missing += len(column) - len(present)
        if present.empty:
            return
        if self._kind in (Kind.NUMERIC, Kind.DATE):
            self._ends += [present.min(), present.max()]
        if self._kind is Kind.CATEGORICAL:
            values = Series(present.unique(), dtype="str")
            self._distinct.update(hash_column(values, Kind.CATEGORICAL))
            if len(self._categories) <= MOST_CATEGORIES:
                self._categories.update(values)

    def feature(self) -> Feature:
        """Return what was gathered."""
        categorical = self._kind is Kind.CATEGORICAL
        few = len(self._categories) <= MOST_CATEGORIES
        return Feature(
            name=self.name,
            kind=self._kind,
            missing=self._missing,
            minimum=_plain(min(self._ends[::2], default=None)),
            maximum=_plain(max(self._ends[1::2], default=None)),
            distinct=self._distinct.count() if categorical else None,
            categories=tuple(sorted(self._categories)) if categorical and few else None,
        )


def _plain(value: Any) -> float | str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, pd.Timestamp) else float(value)
