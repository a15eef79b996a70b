"""A Parquet file as a frame of pandas, and its metadata before it is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pinion_step.errors import StepError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow.parquet as pq


def read_metadata(path: Path) -> pq.FileMetaData | None:
    """Return the metadata; None for a file that `read_frame` would refuse, which explains it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # A pipe would wait for its writer.
        return pq.read_metadata(path) if path.is_file() else None
    except (pa.ArrowException, OSError, ValueError):
        return None


def read_frame(path: Path, name: str, advice: str) -> tuple[pd.DataFrame, dict[bytes, bytes]]:
    """Return the rows, and the metadata of the file; raises `StepError` that gives the advice."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Opened here, because pyarrow would read columns out of a folder's name.
        with path.open("rb") as file:
            table = pq.ParquetFile(file).read()
    except MemoryError:  # one of Arrow's exceptions too
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise StepError(
            f"{name} {path} is not a Parquet file that can be read ({error}); {advice}"
        ) from error
    metadata = table.schema.metadata or {}
    # The conversion frees each column of the table, so that only one is in memory twice.
    frame = table.to_pandas(ignore_metadata=True, self_destruct=True)
    pa.default_memory_pool().release_unused()
    return frame, metadata
