"""The statistics of one column, over the rows kept, gathered batch by batch in bounded memory."""

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas import Series

from pinion_step.formats.profile import MOST_FREQUENCIES, STEPS, Category, Column, Measure, Text
from preprocess.reading.kinds import Kind
from preprocess.reading.schema import MOST_CATEGORIES, Feature
from preprocess.sketches.distinct import DistinctCount
from preprocess.sketches.distribution import Distribution
from preprocess.sketches.hashing import Hashes, hash_texts
from preprocess.sketches.row_sample import numbers
from preprocess.sketches.value_choice import ChosenValues

# Longer ones would blow up the profile; those that begin alike count as one.
_LONGEST_CATEGORY = 200
_MILLISECONDS = 1000


class ColumnStatistics(ABC):
    """What the schema and the profile say of one column."""

    def __init__(self, name: str, kind: Kind) -> None:
        self.name, self.kind = name, kind
        self.rows = 0
        self.missing = 0

    @property
    def filled(self) -> int:
        """The number of rows that have a value."""
        return self.rows - self.missing

    @abstractmethod
    def update(self, column: Series) -> None:
        """Take a further batch, of the column's kind, into account."""

    @abstractmethod
    def feature(self) -> Feature:
        """Return what the schema says."""

    @abstractmethod
    def described(self) -> Column:
        """Return what the profile says."""


class MeasureStatistics(ColumnStatistics):
    """The range of numbers or dates, and their distribution if it is wanted."""

    def __init__(self, name: str, kind: Kind, distribution: Distribution | None) -> None:
        super().__init__(name, kind)
        self._low, self._high = np.inf, -np.inf
        self._distribution = distribution

    def update(self, column: Series) -> None:
        """Take a further batch into account."""
        values = numbers(column)
        self.rows += len(values)
        missing = np.isnan(values)
        if missing.any():
            values = values[~missing]
            self.missing += len(missing) - len(values)
        if not len(values):
            return
        self._low = min(self._low, float(values.min()))
        self._high = max(self._high, float(values.max()))
        if self._distribution:
            self._distribution.update(values)

    def feature(self) -> Feature:
        """Return the range."""
        low, high = map(self._plain, (self._low, self._high)) if self.filled else (None, None)
        return Feature(self.name, self.kind, self.missing, minimum=low, maximum=high)

    def described(self) -> Measure:
        """Return the distribution, empty if it is not wanted."""
        quantiles: list[float] = []
        mean: float | None = None
        deviation: float | None = None
        if self._distribution and self.filled:
            # Of all values, even if only some are in the sample.
            low, high = self._low + 0.0, self._high + 0.0
            quantiles = [low, *self._distribution.quantiles(STEPS)[1:-1], high]
            # The sums of equal values are rounded.
            mean, deviation = (low, 0.0) if low == high else self._distribution.moments()
        is_date = self.kind is Kind.DATE
        unit = _MILLISECONDS if is_date else 1
        return Measure(
            "date" if is_date else "number",
            self.rows,
            self.missing,
            None if mean is None else mean / unit,
            None if deviation is None else deviation / unit,
            tuple(value / unit for value in quantiles),
        )

    def _plain(self, value: float) -> float | str:
        if self.kind is Kind.DATE:
            return pd.Timestamp(np.datetime64(int(value), "ms")).isoformat()
        return value


class BooleanStatistics(ColumnStatistics):
    """How often a column is true and false."""

    def __init__(self, name: str) -> None:
        super().__init__(name, Kind.BOOLEAN)
        self._true = 0

    def update(self, column: Series) -> None:
        """Take a further batch into account."""
        self.rows += len(column)
        self.missing += int(column.isna().sum())
        self._true += int(column.sum())

    def feature(self) -> Feature:
        """Return that the column is there."""
        return Feature(self.name, self.kind, self.missing)

    def described(self) -> Category:
        """Return how often it is true and false."""
        counts = Counter({"false": self.filled - self._true, "true": self._true})
        return frequencies("boolean", self.rows, self.filled, +counts)


class CategoryStatistics(ColumnStatistics):
    """How often a column has which text: counted, or beyond MOST_CATEGORIES of them, estimated.

    `chosen`, which holds texts to estimate from, is given if the frequencies are wanted.
    """

    def __init__(self, name: str, distinct: DistinctCount, chosen: ChosenValues | None) -> None:
        super().__init__(name, Kind.CATEGORICAL)
        self._counts: Counter[str] | None = Counter()
        # Of the hashes, once there are too many categories to count.
        self._distinct = distinct
        self._chosen = chosen

    def update(self, column: Series) -> None:
        """Take a further batch into account."""
        texts = pa.array(column)
        self.rows += len(texts)
        self.missing += texts.null_count
        texts = texts.drop_null()
        if not len(texts):
            return
        if self._counts is None:
            self._distinct.update(_hashes(pc.unique(texts)))
        else:
            self._count(texts, self._counts)
        if self._chosen:
            chosen = texts.take(pa.array(self._chosen.update(len(texts))))
            begins = pc.utf8_slice_codeunits(chosen, 0, _LONGEST_CATEGORY)
            self._chosen.add(begins.to_numpy(zero_copy_only=False))

    def feature(self) -> Feature:
        """Return the categories, unless they are too many."""
        known = None if self._counts is None else tuple(sorted(self._counts))
        return Feature(self.name, self.kind, self.missing, distinct=self._found(), categories=known)

    def described(self) -> Category | Text:
        """Return the most common categories; a text that hardly ever repeats has none."""
        distinct = self._found()
        if distinct > MOST_FREQUENCIES and 2 * distinct > self.filled:
            return Text(self.rows, self.missing)
        counts, of = self._counts, self.filled
        if counts is None:
            sample: list[str] = self._chosen.values().tolist() if self._chosen else []
            counts, of = Counter(sample), len(sample)
        begins: Counter[str] = Counter()
        for text, count in counts.items():
            begins[text[:_LONGEST_CATEGORY]] += count * self.filled // of
        common = frequencies("category", self.rows, self.filled, begins)
        return replace(common, distinct=distinct)

    def _count(self, texts: pa.Array, counts: Counter[str]) -> None:
        found = pc.value_counts(texts)
        values = found.field("values")
        if len(values) <= MOST_CATEGORIES:
            rows = found.field("counts").to_pylist()
            counts.update(dict(zip(values.to_pylist(), rows, strict=True)))
        if max(len(values), len(counts)) > MOST_CATEGORIES:
            self._distinct.update(hash_texts(np.array([*counts], dtype=object)))
            self._distinct.update(_hashes(values))
            self._counts = None

    def _found(self) -> int:
        return self._distinct.count() if self._counts is None else len(self._counts)


def frequencies(kind: str, rows: int, filled: int, counts: Counter[str]) -> Category:
    """Describe a column by how many rows have which value; the most common are named."""
    # Of equal counts, the first in the order of the alphabet.
    common = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:MOST_FREQUENCIES]
    other = filled - sum(count for _, count in common)
    return Category(kind, rows, rows - filled, len(counts), dict(common), other)


def _hashes(texts: pa.Array) -> Hashes:
    return hash_texts(texts.to_numpy(zero_copy_only=False))
