"""Parquet tables in bounded batches: the frames that the steps work on, and the split written."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas import DataFrame

from pinion_step.errors import StepError, reason

# A batch holds about as many values, whatever its width.
_BATCH_VALUES = 1 << 21
_BATCH_ROWS = 1 << 17
_BUFFER_BYTES = 1 << 20

# The types that hold more whole numbers than a double, and those of pandas that do, with missing.
_INTEGERS = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype()}

_REFUSED = "; leave it out with --ignore-columns, or write it as text or numbers in the source"


class Dataset:
    """A Parquet file that can be read as often as needed."""

    def __init__(self, path: Path, ignored: tuple[str, ...] = ()) -> None:
        """Open the file, without the ignored columns.

        Raises StepError where it is no table that can be used, or lacks an ignored column.
        """
        if not path.is_file():
            problem = "not a file" if path.exists() else "no such file"
            raise StepError(f"--dataset: {path}: {problem}; give what pull_data wrote")
        try:
            self._file = pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            raise StepError(f"--dataset: {path}: not a Parquet file: {reason(error)}") from None
        self._path = path
        fields = list(self._file.schema_arrow)
        if not fields or not self.rows:
            raise StepError(f"--dataset: {path}: no rows; give a table with rows")
        check_ignored(ignored, [field.name.strip() for field in fields])
        # By place, as a name with a dot could be taken for a path into a nested column.
        self._places = [
            place for place, field in enumerate(fields) if field.name.strip() not in ignored
        ]
        self._fields = [fields[place] for place in self._places]
        self._types = {field.name: plain_type(field) for field in self._fields}

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self._file.metadata.num_rows)

    @property
    def origin(self) -> dict[str, str]:
        """The metadata that say where the table came from, by key."""
        metadata = self._file.schema_arrow.metadata or {}
        keys = ("pinion.source", "pinion.sha256")
        return {key: metadata[key.encode()].decode() for key in keys if key.encode() in metadata}

    def frames(self, target: str) -> Iterator[DataFrame]:
        """Read the rows in their order, in frames of a bounded size.

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
                f"--dataset: {self._path}: a damaged Parquet file: {reason(error)}"
            ) from None


def check_ignored(ignored: tuple[str, ...], columns: list[str]) -> None:
    """Raise StepError where an ignored column is not one of the table."""
    for name in ignored:
        if name not in columns:
            close = get_close_matches(name, columns, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "leave it out"
            raise StepError(f"--ignore-columns: {name!r} is not a column; {hint}")


def _frame(batch: pa.RecordBatch, types: dict[str, pa.DataType]) -> DataFrame:
    # A damaged page may hold text that is no UTF-8, which would fail only where it is used.
    batch.validate(full=True)
    columns = [
        # Not safe: dates lose what is finer than a millisecond, integers what a double cannot hold.
        column.cast(kind, safe=False)
        for column, kind in zip(batch.columns, types.values(), strict=True)
    ]
    table = pa.Table.from_arrays(columns, names=list(types))
    return table.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype(), **_INTEGERS}.get)


def plain_type(field: pa.Field) -> pa.DataType:
    """Return the type that stands for a column's own: double, bool, timestamp[ms] or string.

    Raises StepError for a type that none of them can hold.
    """
    kind = _value_type(field)
    if pa.types.is_boolean(kind):
        return pa.bool_()
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return pa.float64()
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return pa.timestamp("ms")
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_null(kind):
        return pa.string()
    raise StepError(f"--dataset: column {field.name!r} has the type {kind}{_REFUSED}")


def _value_type(field: pa.Field) -> pa.DataType:
    return field.type.value_type if pa.types.is_dictionary(field.type) else field.type


class SplitWriter:
    """Writes one side of the split, table by table."""

    def __init__(self, path: Path, schema: pa.Schema, metadata: dict[str, str], split: str) -> None:
        self._schema = schema.with_metadata({**metadata, "pinion.split": split})
        self._file = path.open("wb")
        self._writer = pq.ParquetWriter(self._file, self._schema)

    def write(self, table: pa.Table) -> None:
        """Append the rows of a table that has the columns of the schema."""
        if len(table):
            self._writer.write_table(table.replace_schema_metadata(self._schema.metadata))

    def close(self, *, whole: bool) -> None:
        """Finish the file, or leave it as it is where it is not to be whole."""
        try:
            if whole:
                self._writer.close()
        finally:
            # Else a failed write would be tried again when the writer is collected.
            self._writer.is_open = False
            self._file.close()
