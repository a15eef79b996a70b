"""Parquet as a table: columns and types are kept as they are."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pull_data.errors import PullDataError, reason
from pull_data.table import ROW_GROUP_ROWS, Table, check_column_names

_PANDAS_INDEX = re.compile(r"__index_level_\d+__")
# Columns are read in pages of this size, since a row group may be as large as the file.
_BUFFER_BYTES = 1 << 20
_BATCH_ROWS = ROW_GROUP_ROWS // 8


def read_parquet(path: Path, name: str, log: Callable[[str], None]) -> Table:
    """Read a Parquet file, without the unnamed index that pandas may have stored.

    Raises PullDataError, here or while the batches are read, where the file is damaged.
    """
    try:
        file = pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from None
    index = _unnamed_index(file.schema_arrow)
    if index:
        log(f"{name}: left out the pandas index {', '.join(index)}")
    kept = [field for field in file.schema_arrow if field.name not in index]
    schema = pa.schema([field.remove_metadata() for field in kept])
    check_column_names(schema.names, name)
    if not file.metadata.num_rows:
        raise PullDataError(f"{name}: the table has columns but no rows")
    return Table(schema, _batches(file, schema, name))


def _batches(file: pq.ParquetFile, schema: pa.Schema, name: str) -> Iterator[pa.RecordBatch]:
    try:
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            # A damaged page may hold text that is no UTF-8.
            batch.validate(full=True)
            yield batch.select(schema.names).cast(schema)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from None
    finally:
        file.close()


def _unnamed_index(schema: pa.Schema) -> list[str]:
    try:
        columns = json.loads((schema.metadata or {})[b"pandas"])["index_columns"]
    except (KeyError, ValueError):
        return []
    return [name for name in columns if isinstance(name, str) and _PANDAS_INDEX.fullmatch(name)]


def _damaged(name: str, error: Exception) -> PullDataError:
    return PullDataError(f"{name}: a damaged Parquet file: {reason(error)}; fetch it again")
