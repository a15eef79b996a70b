"""Write large tables for measurements, the same on every call: `tables.py CSV ROWS`."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

# The number of rows that are made and written at a time.
_BATCH = 250_000
_WORDS = [f"{word}-{number}" for word in ("north", "south", "east", "west") for number in range(25)]


def write_csv(path: Path, rows: int) -> None:
    """Write twenty columns: 12 numbers, 4 whole numbers, 3 texts, and the target `label`.

    A row takes about 135 bytes. Some numbers are missing; no row occurs twice.
    """
    writer = None
    for start in range(0, rows, _BATCH):
        batch = _batch(start, min(_BATCH, rows - start))
        writer = writer or csv.CSVWriter(path, batch.schema)
        writer.write_batch(batch)
    if writer:
        writer.close()


def _batch(start: int, rows: int) -> pa.RecordBatch:
    random = np.random.default_rng(start)
    numbers = random.normal(size=(rows, 12)).round(3)
    columns: dict[str, pa.Array] = {}
    for index in range(12):
        missing = random.random(rows) < 0.01 if index % 4 == 0 else None
        columns[f"number_{index}"] = pa.array(numbers[:, index], mask=missing)
    for index, largest in enumerate((90, 1000, 100_000, 10_000_000)):
        columns[f"count_{index}"] = pa.array(random.integers(0, largest, rows))
    for index, words in enumerate((4, 30, 100)):
        codes = pa.array(random.integers(0, words, rows))
        columns[f"text_{index}"] = pa.array(_WORDS[:words]).take(codes)
    score = numbers[:, 0] + numbers[:, 1] * numbers[:, 2] + random.normal(size=rows)
    columns["label"] = pa.array(np.where(score > 0, "yes", "no"))
    return pa.RecordBatch.from_pydict(columns)


if __name__ == "__main__":
    write_csv(Path(sys.argv[1]), int(sys.argv[2]))
