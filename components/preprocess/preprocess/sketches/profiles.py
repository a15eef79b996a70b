"""What the data checks know of each feature, gathered in the second pass in bounded memory."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series

from preprocess.findings import MOST_EXAMPLES
from preprocess.reading.kinds import Kind
from preprocess.reading.target import Task
from preprocess.sketches.hashing import Hashes
from preprocess.sketches.row_sample import RowSample, numbers
from preprocess.sketches.value_sample import ValueSample, distinct_values, wrong_rows

# A column that predicts the target of more than this share of rows wrongly is not examined further.
MOST_WRONG = 0.01
# All samples together hold about as many pairs, and one at most, whatever the width of the table.
_ALL_PAIRS = 1 << 20
_MOST_PAIRS = 1 << 13
_FEWEST_PAIRS = 1 << 8
_MOST_RANGES = 1 << 18
_LOOKED_AT = 1000

Codes = NDArray[np.int32]


@dataclass(frozen=True)
class Rows:
    """A batch of rows: the hashes of their values and targets, the numbers of their classes.

    `codes` is -1 for rows without a target, and 0 for the others in a regression.
    """

    features: DataFrame
    hashes: dict[str, Hashes]
    values: Series
    targets: Hashes
    codes: Codes

    def with_target(self) -> "Rows":
        """Leave out the rows without a target."""
        present = self.codes >= 0
        if present.all():
            return self
        return Rows(
            self.features[present],
            {name: values[present] for name, values in self.hashes.items()},
            self.values[present],
            self.targets[present],
            self.codes[present],
        )


class ClassRanges:
    """The range of a number in each class, for as long as no two ranges overlap."""

    def __init__(self) -> None:
        self._low = np.empty(0)
        self._high = np.empty(0)
        self.apart = True

    def update(self, values: NDArray[np.float64], order: NDArray[np.intp], codes: Codes) -> None:
        """Take a further batch into account; `order` sorts the rows by their class."""
        ordered = codes[order]
        starts = np.flatnonzero(np.diff(ordered, prepend=-1))
        classes = ordered[starts]
        grow = max(0, int(classes[-1]) + 1 - len(self._low))
        self._low = np.append(self._low, np.full(grow, np.nan))
        self._high = np.append(self._high, np.full(grow, np.nan))
        sorted_values = values[order]
        low, high = (each.reduceat(sorted_values, starts) for each in (np.fmin, np.fmax))
        self._low[classes] = np.fmin(self._low[classes], low)
        self._high[classes] = np.fmax(self._high[classes], high)
        by_low = np.argsort(self._low)[: np.count_nonzero(~np.isnan(self._low))]
        self.apart = bool((self._high[by_low][:-1] < self._low[by_low][1:]).all())

    def separates(self, classes: int) -> bool:
        """Return whether each class has a range of its own."""
        return self.apart and np.count_nonzero(~np.isnan(self._low)) == classes


class ColumnProfile:
    """What is known of one feature, over the rows that have a target."""

    def __init__(self, name: str, kind: Kind, most_pairs: int, rows: int) -> None:
        """`rows` is how many the whole table has."""
        self.name, self.kind = name, kind
        self.sample = ValueSample(most_pairs)
        self.ranges = ClassRanges()
        self.rows = 0
        self.missing_by_class = np.empty(0, np.int64)
        self.missing = 0
        # Whether the values may still reveal the target, and whether they may still be unique.
        self.telling = True
        self.unique = kind in (Kind.NUMERIC, Kind.CATEGORICAL)
        self.minimum, self.maximum = np.inf, -np.inf
        # Up to three values that differ, each with its target.
        self.examples: list[tuple[object, object]] = []
        self._all_rows = rows
        # Whether every row has the one value; a missing one is a value too.
        self.constant = True
        self._first: np.uint64 | None = None

    @property
    def present(self) -> int:
        """The number of rows that have a value."""
        return self.rows - self.missing

    def update(self, batch: Rows) -> None:
        """Take a further batch into account."""
        hashes, targets, column = batch.hashes[self.name], batch.targets, batch.features[self.name]
        self.rows += len(hashes)
        self._first = hashes[0] if self._first is None else self._first
        self.constant = self.constant and not (hashes != self._first).any()
        missing = column.isna().to_numpy()
        count = int(np.count_nonzero(missing))
        if count:
            self.missing += count
            self.missing_by_class = _added(self.missing_by_class, batch.codes[missing])
        if count == len(hashes) or self.examples and not (self.telling or self.unique):
            return
        if count:
            hashes, targets, column = hashes[~missing], targets[~missing], column[~missing]
        if not self.examples:
            shown = column.head(_LOOKED_AT).drop_duplicates().head(MOST_EXAMPLES)
            self.examples = list(zip(shown, batch.values[shown.index], strict=True))
        if self.telling or self.unique:
            self._update_sample(column, hashes, targets)

    def _update_sample(self, column: Series, hashes: Hashes, targets: Hashes) -> None:
        self.sample.update(hashes, targets)
        pairs, share = self.sample.pairs, self.sample.share
        if self.telling:
            # Twice, as a sample only nears the number; of all values it is exact.
            most = (1 if share == 1 else 2) * MOST_WRONG * self._all_rows
            self.telling = bool(wrong_rows(pairs) <= most * share)
        if self.unique:
            self.unique = 2 * distinct_values(pairs) >= pairs.rows.sum()
        if self.unique and self.kind is Kind.NUMERIC:
            values = column.to_numpy(np.float64)
            self.unique = bool((values == np.rint(values)).all())
            self.minimum = min(self.minimum, values.min())
            self.maximum = max(self.maximum, values.max())


class TableProfile:
    """The profiles of all features, and how many rows there are of each class."""

    def __init__(self, kinds: dict[str, Kind], task: Task, rows: int) -> None:
        most = min(_MOST_PAIRS, max(_FEWEST_PAIRS, _ALL_PAIRS // len(kinds)))
        self.task = task
        # Of each class, in the order of their numbers; none in a regression.
        self.class_rows: list[int] = []
        self.columns = [ColumnProfile(name, kind, most, rows) for name, kind in kinds.items()]
        self.measured = RowSample([name for name, kind in kinds.items() if _is_measure(kind)])

    def update(self, batch: Rows) -> None:
        """Take the rows of a further batch that have a target into account."""
        batch = batch.with_target()
        if not len(batch.codes):
            return
        if self.task is Task.CLASSIFICATION:
            batch = replace(batch, targets=batch.codes.astype(np.uint64))
            self.class_rows = _added(np.array(self.class_rows, np.int64), batch.codes).tolist()
        for column in self.columns:
            column.update(batch)
        if self.task is Task.REGRESSION:
            self.measured.update(batch.features, batch.values)
        else:
            self._update_ranges(batch)

    def _update_ranges(self, batch: Rows) -> None:
        classes = int(batch.codes.max()) + 1
        columns = [each for each in self.columns if _is_measure(each.kind) and each.ranges.apart]
        if not columns or classes * len(self.columns) > _MOST_RANGES:
            for column in columns:
                column.ranges.apart = False
            return
        order = np.argsort(batch.codes, kind="stable")
        for column in columns:
            column.ranges.update(numbers(batch.features[column.name]), order, batch.codes)


def _added(counts: NDArray[np.int64], codes: Codes) -> NDArray[np.int64]:
    """Add how often each code occurs, which may be more codes than there were before."""
    more = np.bincount(codes, minlength=len(counts))
    more[: len(counts)] += counts
    return more


def _is_measure(kind: Kind) -> bool:
    return kind in (Kind.NUMERIC, Kind.DATE)
