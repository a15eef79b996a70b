"""A Parquet file as batches of bounded size: cleaned rows, with columns in the types of kinds."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas import DataFrame, Series

from pinion_step.errors import StepError, reason
from preprocess.clean import clean
from preprocess.reading.background import prefetched
from preprocess.reading.kinds import Kind, declared_kind, read_numbers, to_kind
from preprocess.reading.target import TargetType, target_values

# A batch holds about as many values, whatever its width.
_BATCH_VALUES = 1 << 21
_BATCH_ROWS = 1 << 17
_BUFFER_BYTES = 1 << 20

# The types that hold more whole numbers than a double, and those of pandas that do, with missing.
_INTEGERS = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype()}

# The types that a column may have, by the type that it is given.
_HELD = {
    pa.bool_(): (pa.types.is_boolean,),
    pa.float64(): (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
    pa.timestamp("ms"): (pa.types.is_timestamp, pa.types.is_date),
    pa.string(): (
        *(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
        pa.types.is_null,
    ),
}
_REFUSED = (
    ", which is not supported; leave it out with --ignore-columns, or write it as text or numbers"
    " in the source"
)


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


class Dataset:
    """A Parquet file that can be read as often as needed."""

    def __init__(self, path: Path, ignored: tuple[str, ...] = ()) -> None:
        """Open the file, without the ignored columns.

        Raises `StepError` if it is not a usable table, or if it lacks an ignored column.
        """
        if not path.is_file():
            problem = "not a file" if path.exists() else "no such file"
            raise StepError(f"--dataset: {path}: {problem}; give the file that pull_data wrote")
        try:
            self._file = pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            raise StepError(
                f"--dataset: {path}: not a Parquet file: {reason(error)}; give the file that"
                " pull_data wrote"
            ) from None
        self._path = path
        groups = self._file.metadata.num_row_groups
        self.rows = sum(self._file.metadata.row_group(group).num_rows for group in range(groups))
        fields = list(self._file.schema_arrow)
        if not fields or not self.rows:
            raise StepError(f"--dataset: {path}: the table has no rows; give a table with rows")
        check_ignored(ignored, [field.name.strip() for field in fields])
        # By place, as a name with a dot could be taken for a path into a nested column.
        self._places = [
            place for place, field in enumerate(fields) if field.name.strip() not in ignored
        ]
        self._fields = [fields[place] for place in self._places]
        self._types = {field.name: plain_type(field) for field in self._fields}

    @property
    def origin(self) -> dict[str, str]:
        """The metadata that record the origin of the table, by key."""
        metadata = self._file.schema_arrow.metadata or {}
        keys = ("pinion.source", "pinion.sha256")
        return {key: metadata[key.encode()].decode() for key in keys if key.encode() in metadata}

    def batches(self, target: str) -> Iterator[Batch]:
        """Read and clean the rows in their order."""
        return prefetched(map(_cleaned, self._frames(target)))

    def _frames(self, target: str) -> Iterator[DataFrame]:
        """Read the rows in frames of a bounded size.

        64-bit integers of the target stay such, as they may be labels that a double would merge.
        """
        types = self._types | {
            field.name: _value_type(field)
            for field in self._fields
            if field.name.strip() == target and _value_type(field) in _INTEGERS
        }
        rows = max(1, min(_BATCH_ROWS, _BATCH_VALUES // len(self._types)))
        try:
            for batch in self._file.iter_batches(batch_size=rows):
                yield _frame(batch.select(self._places), types)
        except (pa.ArrowException, OSError) as error:
            raise StepError(
                f"--dataset: {self._path}: the Parquet file is damaged: {reason(error)};"
                " run pull_data again"
            ) from None


def check_ignored(ignored: tuple[str, ...], columns: list[str]) -> None:
    """Raise `StepError` if an ignored column is not in the table."""
    for name in ignored:
        if name not in columns:
            close = get_close_matches(name, columns, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "leave it out"
            raise StepError(f"--ignore-columns: {name!r} is not a column; {hint}")


def _frame(batch: pa.RecordBatch, types: dict[str, pa.DataType]) -> DataFrame:
    # A damaged page may hold text that is not UTF-8, which would fail only when it is used.
    batch.validate(full=True)
    columns = [
        # Not safe: dates lose what is finer than a millisecond, integers what a double cannot hold.
        column.cast(kind, safe=False)
        for column, kind in zip(batch.columns, types.values(), strict=True)
    ]
    table = pa.Table.from_arrays(columns, names=list(types))
    return table.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype(), **_INTEGERS}.get)


def _cleaned(frame: DataFrame) -> Batch:
    frame = clean(frame)
    texts = {str(name): frame[name] for name in frame if declared_kind(frame[name]) is None}
    read = {name: read_numbers(text) for name, text in texts.items()}
    return Batch(frame, {name: numbers for name, numbers in read.items() if numbers is not None})


def plain_type(field: pa.Field) -> pa.DataType:
    """Return the type that stands for a column's own: double, bool, timestamp[ms] or string.

    Raises `StepError` for a type that none of them can hold.
    """
    kind = _value_type(field)
    for plain, held in _HELD.items():
        if any(is_held(kind) for is_held in held):
            return plain
    raise StepError(f"--dataset: column {field.name!r} has the type {kind}{_REFUSED}")


def _value_type(field: pa.Field) -> pa.DataType:
    return field.type.value_type if pa.types.is_dictionary(field.type) else field.type
