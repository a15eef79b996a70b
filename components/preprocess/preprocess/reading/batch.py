"""A batch of cleaned rows, and its columns in the types of their kinds."""

from collections.abc import Iterator
from dataclasses import dataclass

from pandas import DataFrame, Series

from preprocess.clean import clean
from preprocess.reading.background import prefetched
from preprocess.reading.kinds import Kind, declared_kind, read_numbers, to_kind
from preprocess.reading.table import Dataset
from preprocess.reading.target import TargetType, target_values


@dataclass(frozen=True)
class Batch:
    """Cleaned rows; `numbers` are the text columns whose every value is a number, read as such."""

    frame: DataFrame
    numbers: dict[str, Series]

    def feature(self, name: str, kind: Kind) -> Series:
        """Return a column, whose values all fit the kind, in its type."""
        if kind is Kind.NUMERIC and name in self.numbers:
            return self.numbers[name]
        return to_kind(self.frame[name], kind)

    def target(self, name: str, kind: TargetType) -> Series:
        """Return a column, whose values all suit the type, as the target."""
        if kind is not TargetType.STRING and name in self.numbers:
            return self.numbers[name]
        return target_values(self.frame[name], kind)


def batches(dataset: Dataset, target: str) -> Iterator[Batch]:
    """Read and clean the rows in their order."""
    return prefetched(dataset.frames(target), lambda frame: cleaned(clean(frame)))


def cleaned(frame: DataFrame) -> Batch:
    """Make a batch of a cleaned frame."""
    texts = {str(name): frame[name] for name in frame if declared_kind(frame[name]) is None}
    read = {name: read_numbers(text) for name, text in texts.items()}
    return Batch(frame, {name: numbers for name, numbers in read.items() if numbers is not None})
