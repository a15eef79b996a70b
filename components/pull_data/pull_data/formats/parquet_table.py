"""Parquet as a table: columns and types are kept as they are."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pinion_step.errors import StepError, reason
from pull_data.formats.table import ROW_GROUP_ROWS, Log, Table, check_column_names

# As pandas and Dask name an index that has no name.
_UNNAMED_INDEX = re.compile(r"__index_level_\d+__|__null_dask_index__")
# Columns are read in pages of this size, since a row group may be as large as the file.
_BUFFER_BYTES = 1 << 20
_BATCH_ROWS = ROW_GROUP_ROWS // 8


def read_parquet(path: Path, name: str, log: Log) -> Table:
    """Read a Parquet file, without the unnamed index that pandas may have stored.

    Raises `StepError`, here or while the batches are read, if the file is damaged.
    """
    schema, index, rows = read_footer(path, name)
    if index:
        log(f"{name}: left out the pandas index {', '.join(index)}")
    check_column_names(schema.names, name)
    if not rows:
        raise StepError(f"{name}: the table has columns but no rows; give a table with rows")
    return Table(schema, read_batches(path, schema, name))


def read_footer(path: Path, name: str) -> tuple[pa.Schema, list[str], int]:
    """Return what the footer of a Parquet file says: its schema, its index, its number of rows.

    The schema leaves out the columns of the index.
    """
    with _open(path, name) as file:
        index = _unnamed_index(file.schema_arrow)
        kept = [field.remove_metadata() for field in file.schema_arrow if field.name not in index]
        return pa.schema(kept), index, file.metadata.num_rows


def read_batches(path: Path, schema: pa.Schema, name: str) -> Iterator[pa.RecordBatch]:
    """Read the columns of a schema, as its types."""
    try:
        with _open(path, name) as file:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                # A damaged page may hold text that is not UTF-8.
                batch.validate(full=True)
                yield batch.select(schema.names).cast(schema)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from None


def _open(path: Path, name: str) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from None


def _unnamed_index(schema: pa.Schema) -> list[str]:
    try:
        columns = json.loads((schema.metadata or {})[b"pandas"])["index_columns"]
    except (KeyError, ValueError):
        return []
    return [name for name in columns if isinstance(name, str) and _UNNAMED_INDEX.fullmatch(name)]


def _damaged(name: str, error: Exception) -> StepError:
    return StepError(f"{name}: the Parquet file is damaged: {reason(error)}; fetch it again")
