"""The Parquet files of a folder as one table, with a column for each partition."""

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pinion_step.errors import StepError
from pinion_step.sources.folder import path_of
from pull_data.formats.folder import Part, partition
from pull_data.formats.parquet_table import read_batches, read_footer
from pull_data.formats.table import Log, Table, check_column_names


def read_parquet_folder(parts: Sequence[Part], name: str, log: Log) -> Table:
    """Read files of one schema, one after the other.

    A partition that the files have no column for becomes one of text, behind theirs. Raises
    `StepError`, here or while the batches are read, if a file is damaged, if its columns are not
    those of the first, or if the column of a partition differs from the folder's name.
    """
    partitions = _partition_columns(parts, name)
    in_files = _common_schema(parts, name, log)
    added = [column for column in partitions if column not in in_files.names]
    schema = pa.schema([*in_files, *(pa.field(column, pa.string()) for column in added)])
    check_column_names(schema.names, name)
    return Table(schema, _batches(parts, in_files, schema, name))


def _batches(
    parts: Sequence[Part], in_files: pa.Schema, schema: pa.Schema, name: str
) -> Iterator[pa.RecordBatch]:
    added = schema.names[len(in_files) :]
    for part in parts:
        where = path_of(part.path, name)
        values = {
            column: pa.scalar(text, pa.string())
            for column, text in partition(part.path, name).items()
        }
        for batch in read_batches(part.file, in_files, where):
            for column, value in values.items():
                if column not in added:
                    _check_values(batch.column(column), column, value, where)
            columns = [pa.repeat(values[column], len(batch)) for column in added]
            yield pa.RecordBatch.from_arrays([*batch.columns, *columns], schema=schema)


def _check_values(given: pa.Array, column: str, value: pa.Scalar, where: str) -> None:
    """Compare the values of a partition that a file repeats with the name of its folder."""
    try:
        expected = value.cast(given.type)
        same = given.is_null() if not value.is_valid else pc.equal(given, expected)
        if pc.all(same, skip_nulls=False).as_py():
            return
    except pa.ArrowException:
        # No value of this type is spelled like that.
        pass
    raise StepError(
        f"{where}: column {column!r} differs from the value in the folder's name,"
        f" {value.as_py()!r}; remove the column from the files, or rename the folder"
    )


def _partition_columns(parts: Sequence[Part], name: str) -> list[str]:
    first, *others = parts
    columns = list(partition(first.path, name))
    for other in others:
        if list(partition(other.path, name)) != columns:
            raise StepError(
                f"{name}: {first.path} and {other.path} have different partition columns; give"
                " all files the same"
            )
    return columns


def _common_schema(parts: Sequence[Part], name: str, log: Log) -> pa.Schema:
    fields: dict[str, tuple[pa.Field, Part]] = {}
    index: dict[str, None] = {}
    rows = 0
    for part in parts:
        where = path_of(part.path, name)
        schema, own_index, own_rows = read_footer(part.file, where)
        check_column_names(schema.names, where)
        index.update(dict.fromkeys(own_index))
        rows += own_rows
        given = {field.name: _plain(field) for field in schema}
        if part is parts[0]:
            fields = {column: (field, part) for column, field in given.items()}
        _check_columns(fields, given, part, parts[0], name)
        for column, field in given.items():
            fields[column] = _merged(*fields[column], field, part, name)
    if index:
        log(f"{name}: left out the pandas index {', '.join(index)}")
    if not rows:
        raise StepError(f"{name}: the table has columns but no rows; give a table with rows")
    return pa.schema([field for field, _ in fields.values()])


def _plain(field: pa.Field) -> pa.Field:
    """Each file has a dictionary of its own, so that only its values are of one type."""
    dictionary = pa.types.is_dictionary(field.type)
    return field.with_type(field.type.value_type) if dictionary else field


def _check_columns(
    expected: Mapping[str, object], given: Mapping[str, object], part: Part, first: Part, name: str
) -> None:
    for column in [*expected, *given]:
        if column not in given or column not in expected:
            lacks, has = (part, first) if column in expected else (first, part)
            raise StepError(
                f"{name}: {lacks.path} has no column {column!r}, which {has.path} has; write all"
                " files with the same columns"
            )


def _merged(
    known: pa.Field, origin: Part, field: pa.Field, part: Part, name: str
) -> tuple[pa.Field, Part]:
    """Return what holds the values of both fields; one without any value fits every type."""
    if field.equals(known):
        return known, origin
    try:
        both = pa.unify_schemas([pa.schema([known]), pa.schema([field])]).field(0)
    except pa.ArrowException:
        raise StepError(
            f"{name}: column {field.name!r} is {known.type} in {origin.path} and {field.type} in"
            f" {part.path}; use one type"
        ) from None
    return both, origin if both.type == known.type else part
