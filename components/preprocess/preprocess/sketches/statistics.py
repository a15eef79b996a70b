"""The statistics of the rows kept, gathered batch by batch."""

from typing import Any

import pandas as pd
from pandas import Series

from preprocess.reading.kinds import Kind
from preprocess.reading.schema import MOST_CATEGORIES, Feature
from preprocess.sketches.distinct import DistinctCount
from preprocess.sketches.hashing import hash_column

# All columns together keep as many hashes, and one at least, whatever the width of the table.
_ALL_HASHES = 1 << 23
_FEWEST_HASHES = 1 << 14


class FeatureStatistics:
    """Missing count, range and categories of one feature."""

    def __init__(self, name: str, kind: Kind, columns: int) -> None:
        """`columns` is how many there are, which share the memory."""
        self.name = name
        self._kind = kind
        self._rows = 0
        self._missing = 0
        self._minimum: Any = None
        self._maximum: Any = None
        self._categories: set[str] = set()
        # Beyond MOST_CATEGORIES only hashes are kept.
        self._distinct = DistinctCount(max(_FEWEST_HASHES, _ALL_HASHES // columns))

    def update(self, column: Series) -> None:
        """Take a further batch, of the column's kind, into account."""
        present = column.dropna()
        self._rows += len(column)
        self._missing += len(column) - len(present)
        if present.empty:
            return
        if self._kind in (Kind.NUMERIC, Kind.DATE):
            low, high = present.min(), present.max()
            self._minimum = low if self._minimum is None else min(self._minimum, low)
            self._maximum = high if self._maximum is None else max(self._maximum, high)
        if self._kind is Kind.CATEGORICAL:
            self._count_categories(present)

    def feature(self) -> Feature:
        """Return what was gathered."""
        categorical = self._kind is Kind.CATEGORICAL
        distinct = self._distinct.count() if categorical else None
        few = len(self._categories) <= MOST_CATEGORIES
        return Feature(
            name=self.name,
            kind=self._kind,
            missing=self._missing,
            minimum=_plain(self._minimum),
            maximum=_plain(self._maximum),
            distinct=distinct,
            categories=tuple(sorted(self._categories)) if categorical and few else None,
        )

    def _count_categories(self, present: Series) -> None:
        values = Series(present.unique(), dtype="str")
        self._distinct.update(hash_column(values, Kind.CATEGORICAL))
        if len(self._categories) <= MOST_CATEGORIES:
            self._categories.update(values)


def _plain(value: Any) -> float | str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, pd.Timestamp) else float(value)
