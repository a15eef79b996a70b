"""The statistics of all columns, which share what memory there is."""

from collections.abc import Mapping

from pandas import DataFrame

from pinion_step.formats.profile import Column
from preprocess.reading.kinds import Kind
from preprocess.reading.schema import Feature
from preprocess.sketches.distinct import DistinctCount
from preprocess.sketches.distribution import Distribution
from preprocess.sketches.statistics import (
    BooleanStatistics,
    CategoryStatistics,
    ColumnStatistics,
    MeasureStatistics,
)
from preprocess.sketches.value_choice import Choice, ChosenValues, size_of_sample

# All columns together keep as many hashes, and one at least, whatever the width of the table.
_ALL_HASHES = 1 << 23
_FEWEST_HASHES = 1 << 14
# A text takes as much memory as four numbers.
_A_TEXT = 4


class TableStatistics:
    """Gathers what the schema says of columns, and the profile if it is wanted."""

    def __init__(self, kinds: Mapping[str, Kind], profiled: bool) -> None:
        columns = len(kinds)
        self._values = size_of_sample(columns)
        self._hashes = max(_FEWEST_HASHES, _ALL_HASHES // columns)
        self._profiled = profiled
        self._choice = Choice(self._values)
        self._columns = [self._column(name, kind) for name, kind in kinds.items()]

    def update(self, frame: DataFrame) -> None:
        """Take a further batch, whose columns have the types of their kinds, into account."""
        for column in self._columns:
            column.update(frame[column.name])

    def features(self) -> dict[str, Feature]:
        """Return what the schema says of each column."""
        return {column.name: column.feature() for column in self._columns}

    def described(self) -> dict[str, Column]:
        """Return what the profile says of each column, if it is wanted."""
        return {column.name: column.described() for column in self._columns}

    def _column(self, name: str, kind: Kind) -> ColumnStatistics:
        match kind:
            case Kind.BOOLEAN:
                return BooleanStatistics(name)
            case Kind.CATEGORICAL:
                return CategoryStatistics(
                    name, DistinctCount(self._hashes), self._chosen(self._values // _A_TEXT)
                )
        chosen = self._chosen(self._values)
        return MeasureStatistics(name, kind, Distribution(chosen) if chosen else None)

    def _chosen(self, most: int) -> ChosenValues | None:
        return ChosenValues(self._choice, most) if self._profiled else None
