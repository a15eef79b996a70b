"""A table as a stream of batches, and the Parquet file made of it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pinion_step.errors import StepError

# Takes a line for the log of the step.
Log = Callable[[str], None]

ROW_GROUP_ROWS = 1 << 17
# Bounds the memory of wide tables, whose rows are large.
ROW_GROUP_BYTES = 1 << 26


@dataclass(frozen=True)
class Places:
    """Where the rows of a table are in its source, complete once every batch is read.

    `first` is the line of the first row, and `header` that of the header, or 0 without one. Rows
    that are left out between the others are in `left_out`, by their numbers from `first` on.
    """

    first: int = 1
    header: int = 0
    left_out: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """A table that is read once, batch by batch."""

    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]
    # What was decided to read it, complete once every batch is read.
    notes: list[str] = field(default_factory=list)
    places: Places = field(default_factory=Places)


def check_column_names(names: list[str], where: str) -> None:
    """Raise `StepError` unless there are columns, each with a name of its own."""
    if not names:
        raise StepError(f"{where}: the table has no columns; give a table with columns")
    for number, name in enumerate(names, start=1):
        if not name.strip():
            raise StepError(
                f"{where}: column {number} of {len(names)} has no name; name it, or leave out an"
                " unnamed index"
            )
    counts = Counter(names)
    repeated = sorted(name for name, count in counts.items() if count > 1)
    if repeated:
        raise StepError(
            f"{where}: {counts[repeated[0]]} columns are named {repeated[0]!r}; rename them"
        )


def write_parquet(
    table: Table, path: Path, metadata: dict[str, str], late: Callable[[], dict[str, str]]
) -> int:
    """Write the batches to a Parquet file with metadata, and return the number of rows.

    `late` returns metadata that are known once every batch is read.
    """
    with path.open("wb") as file:
        writer = pq.ParquetWriter(file, table.schema.with_metadata(metadata))
        try:
            rows = _write_groups(writer, _row_groups(table))
            if known := late():
                writer.add_key_value_metadata(known)
            writer.close()
        finally:
            # Else a failed write would be tried again when the writer is collected.
            writer.is_open = False
    return rows


def _write_groups(writer: pq.ParquetWriter, groups: Iterable[pa.Table]) -> int:
    """Write each group in a thread while the next is read; return the number of rows."""
    rows = 0
    with ThreadPoolExecutor(1) as thread:
        written: Future[None] | None = None
        for group in groups:
            # One at a time, which bounds the memory.
            if written:
                written.result()
            written = thread.submit(writer.write_table, group, len(group))
            rows += len(group)
        if written:
            written.result()
    return rows


def _row_groups(table: Table) -> Iterator[pa.Table]:
    """Gather batches, which may be of any size, into row groups of an even one."""
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for whole in table.batches:
        for start in range(0, len(whole), ROW_GROUP_ROWS):
            batch = whole.slice(start, ROW_GROUP_ROWS)
            waiting.append(batch)
            rows += len(batch)
            size += batch.nbytes
            if rows >= ROW_GROUP_ROWS or size >= ROW_GROUP_BYTES:
                yield pa.Table.from_batches(waiting, table.schema)
                waiting, rows, size = [], 0, 0
    if waiting:
        yield pa.Table.from_batches(waiting, table.schema)
