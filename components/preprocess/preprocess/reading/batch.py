"""Rows of a table, cleaned, whose columns can be had in the types of their kinds."""

from collections import Counter
from dataclasses import dataclass, field

from pandas import DataFrame, Series

from preprocess.reading.kinds import Kind, to_kind
from preprocess.reading.places import FROM_ONE, Places
from preprocess.reading.readings import PLAIN, Reading
from preprocess.reading.target import TargetType, target_values


@dataclass(frozen=True)
class Batch:
    """Cleaned rows; `numbers` are the text columns whose every value is a number, read as such.

    `start` is the place of the first row in the table, and `places` tells where its rows are in
    the source. `integers` are the columns that hold 64-bit integers there. `words` counts the
    missing values of the target as they were, and `infinite` the infinite numbers of each column.
    """

    frame: DataFrame
    numbers: dict[str, Series]
    start: int = 0
    places: Places = FROM_ONE
    integers: frozenset[str] = frozenset()
    words: Counter[str] = field(default_factory=Counter)
    infinite: Counter[str] = field(default_factory=Counter)

    def row(self, place: int) -> int:
        """Return the number in the source of a row, by its place in the batch."""
        return self.places.number(self.start + place)

    def feature(self, name: str, kind: Kind, reading: Reading = PLAIN) -> Series:
        """Return a column, whose values all fit the kind as they are read, in its type."""
        if kind is Kind.NUMERIC and name in self.numbers and reading.keeps_plain_numbers:
            return self.numbers[name]
        if reading != PLAIN:
            return reading.values(self.frame[name], kind)
        return to_kind(self.frame[name], kind)

    def target(self, name: str, kind: TargetType, reading: Reading = PLAIN) -> Series:
        """Return a column, whose values all suit the type as they are read, as the target."""
        is_text = kind is TargetType.STRING
        if not is_text and name in self.numbers and reading.keeps_plain_numbers:
            return self.numbers[name]
        column = self.frame[name]
        if reading != PLAIN:
            column = reading.values(column, Kind.CATEGORICAL if is_text else Kind.NUMERIC)
        return target_values(column, kind)
