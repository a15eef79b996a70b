"""Write large tables for measurements, the same on every call: `tables.py CSV ROWS [FORM]`.

The form is `plain`, or `written` for a table as a program for people writes it.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import compute, csv

# The number of rows that are made and written at a time.
_BATCH = 250_000
_WORDS = [f"{word}-{number}" for word in ("north", "south", "east", "west") for number in range(25)]


def write_csv(path: Path, rows: int, batch: Callable[[int, int], pa.RecordBatch]) -> None:
    """Write batches as one CSV file."""
    writer = None
    for start in range(0, rows, _BATCH):
        each = batch(start, min(_BATCH, rows - start))
        writer = writer or csv.CSVWriter(path, each.schema)
        writer.write_batch(each)
    if writer:
        writer.close()


def plain(start: int, rows: int) -> pa.RecordBatch:
    """Return twenty columns: 12 numbers, 4 whole numbers, 3 texts, and the target `label`.

    A row takes about 135 bytes. Some numbers are missing; no row occurs twice.
    """
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


def written(start: int, rows: int) -> pa.RecordBatch:
    """Return six columns as people read them: number, day, money, share, name, and `label`.

    A row takes about 65 bytes.
    """
    random = np.random.default_rng(start)
    amounts = random.integers(0, 10_000_000, rows)
    days = np.datetime64("2001-01-01") + random.integers(0, 9_000, rows)
    shares = [f"{share:.2f} %" for share in random.uniform(0, 100, rows)]
    shares[::50] = ["n.a."] * len(shares[::50])
    score = amounts / 1e7 + random.normal(size=rows)
    columns = {
        "number": [str(number) for number in random.integers(0, 2**40, rows)],
        "day": compute.strftime(pa.array(days), "%d.%m.%Y"),
        "amount": [f"${amount / 100:,.2f}" for amount in amounts.tolist()],
        "share": shares,
        "name": [f"customer {number} of the north" for number in random.integers(0, 400_000, rows)],
        "label": np.where(score > 0.5, "yes", "no"),
    }
    return pa.RecordBatch.from_pydict({name: pa.array(each) for name, each in columns.items()})


if __name__ == "__main__":
    form = {"plain": plain, "written": written}[sys.argv[3] if len(sys.argv) > 3 else "plain"]
    write_csv(Path(sys.argv[1]), int(sys.argv[2]), form)
