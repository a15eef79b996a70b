"""What the step holds in memory for each further row, as its allocators count it.

The operating system counts what they keep for later too, which differs by a hundred megabytes
between two runs. All that is bounded in the step is an eighth of what it is for a user: so are the
tables in which a growth shows.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from weakref import ReferenceType, ref

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pandas import DataFrame

from preprocess.conftest import OUTPUTS
from preprocess.reading.batch import Batch
from preprocess.rows.survey import Asked, survey

PROGRAM = """
import json, sys, tracemalloc
import pyarrow
from preprocess.sketches import hashing, profiles, row_sample, table_statistics, value_choice
from preprocess.rows import split
from preprocess.reading import table
from preprocess.__main__ import main, warm

warm()
for module, names in {
    profiles: ["_ALL_PAIRS", "_MOST_PAIRS", "_FEWEST_PAIRS", "_MOST_RANGES"],
    row_sample: ["_MOST_ROWS", "_MOST_VALUES", "_FEWEST_ROWS"],
    hashing: ["CHUNK", "_ROWS_OF_A_PART"],
    split: ["CHUNK"],
    table_statistics: ["_ALL_HASHES", "_FEWEST_HASHES"],
    value_choice: ["ALL_VALUES", "MOST_VALUES", "FEWEST_VALUES"],
    table: ["_BATCH_ROWS", "_BATCH_VALUES"],
}.items():
    for name in names:
        setattr(module, name, getattr(module, name) // 8)
tracemalloc.start()
for arguments in json.loads(sys.argv[1]):
    assert main(arguments) == 0
    print(tracemalloc.get_traced_memory()[1] + pyarrow.default_memory_pool().max_memory())
"""
COLUMNS = 5
GROUP = 12_500
# A row is 5 texts, over 60 bytes in Arrow. The step keeps some 15 bytes of it to the end.
MOST_BYTES_A_ROW = 30


def test_memory_grows_far_less_than_the_table(tmp_path: Path) -> None:
    few, many = 50_000, 250_000
    before, after = peaks(tmp_path, few, many)
    assert (after - before) / (many - few) < MOST_BYTES_A_ROW


def test_the_first_pass_holds_no_batch_but_the_last() -> None:
    made: list[ReferenceType[Batch]] = []
    held: list[int] = []

    def batch(number: int) -> Batch:
        held.append(sum(each() is not None for each in made))
        new = Batch(DataFrame({"x": ["a", f"b{number}"], "y": ["no", "yes"]}, dtype="str"), {})
        made.append(ref(new))
        return new

    def batches() -> Iterator[Batch]:
        yield from map(batch, range(4))

    found = survey(batches(), 8, Asked("y"), batches)
    assert (found.columns, held) == (("x", "y"), [0, 0, 1, 1])


def peaks(folder: Path, *tables: int) -> list[int]:
    """Return the peak memory of the step, in bytes, after each table; `tables` are row counts."""
    outputs = [part for name in OUTPUTS for part in (f"--{name}", str(folder / name))]
    calls = []
    for rows in tables:
        dataset = folder / f"{rows}.parquet"
        write(dataset, rows)
        calls.append(["--dataset", str(dataset), "--target", "y", *outputs])
    step = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(calls)],
        env={"PYTHONPATH": ":".join(sys.path)},
        check=True,
        capture_output=True,
        text=True,
    )
    return [int(line) for line in step.stdout.splitlines() if line.isdigit()]


def write(path: Path, rows: int) -> None:
    random = np.random.default_rng(1)
    numbers = pa.array(random.normal(size=GROUP).round(5)).cast(pa.string())
    columns = {
        f"x{column}": numbers.take(pa.array(random.permutation(GROUP)))
        for column in range(COLUMNS - 1)
    }
    table = pa.table({**columns, "y": pa.array(["no", "yes"] * (GROUP // 2))})
    with pq.ParquetWriter(path, table.schema) as file:
        for start in range(0, rows, GROUP):
            # So that no row is there twice.
            numbers = pa.array(np.arange(start, start + GROUP) / 8).cast(pa.string())
            file.write_table(table.set_column(0, "x0", numbers))
