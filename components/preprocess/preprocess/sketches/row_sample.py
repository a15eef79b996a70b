"""Every n-th row of the measured columns, to correlate them with a numeric target."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame, Series

# As many rows at most, and as many values whatever the width of the table.
_MOST_ROWS = 1 << 13
_MOST_VALUES = 1 << 21
_FEWEST_ROWS = 1 << 8

Numbers = NDArray[np.float64]


class RowSample:
    """Every n-th row, n doubled whenever there are too many."""

    def __init__(self, columns: list[str]) -> None:
        self.columns = columns
        self._most = min(_MOST_ROWS, max(_FEWEST_ROWS, _MOST_VALUES // (len(columns) + 1)))
        self._every = 1
        self._seen = 0
        # The target is the last column.
        self._rows = np.empty((0, len(columns) + 1))

    def update(self, features: DataFrame, target: Series) -> None:
        """Take a further batch into account."""
        while len(self._rows) + len(target) // self._every > self._most:
            self._rows = self._rows[::2]
            self._every *= 2
        chosen = np.arange(-self._seen % self._every, len(target), self._every)
        self._seen += len(target)
        columns = [*(features[name] for name in self.columns), target]
        new = np.column_stack([numbers(column.iloc[chosen]) for column in columns])
        self._rows = np.concatenate([self._rows, new])

    def with_target(self, column: str) -> tuple[Numbers, Numbers]:
        """Return a column and the target, in the rows that have both."""
        values, target = self._rows[:, self.columns.index(column)], self._rows[:, -1]
        present = ~np.isnan(values)
        return values[present], target[present]


def numbers(column: Series) -> Numbers:
    """Return numbers or dates as doubles, a missing one as NaN."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return np.where(column.isna(), np.nan, column.to_numpy().astype(np.int64))
    return column.to_numpy(np.float64, na_value=np.nan)


def correlation(left: Numbers, right: Numbers) -> float:
    """Return Pearson's correlation, 0 if one of them is constant."""
    spread = left.std() * right.std()
    if not 0 < spread < np.inf:
        return 0.0
    return float(np.mean((left - left.mean()) / left.std() * (right - right.mean()) / right.std()))


def rank_correlation(left: Numbers, right: Numbers) -> float:
    """Return Spearman's correlation, 0 if one of them is constant."""
    return correlation(*(Series(each).rank().to_numpy() for each in (left, right)))
