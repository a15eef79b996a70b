"""What the step holds in memory for each further row, as its allocators count it.

The operating system counts what they keep for later too, which differs by a hundred megabytes
between two runs.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from preprocess.conftest import OUTPUTS

PROGRAM = """
import sys, tracemalloc
import pyarrow
from preprocess.__main__ import main, warm

warm()
tracemalloc.start()
assert main(sys.argv[1:]) == 0
print(tracemalloc.get_traced_memory()[1] + pyarrow.default_memory_pool().max_memory())
"""
COLUMNS = 5
GROUP = 100_000
# A row is 5 texts, over 60 bytes in Arrow. The step keeps some 15 bytes of it to the end.
MOST_BYTES_A_ROW = 30


def test_memory_grows_far_less_than_the_table(tmp_path: Path) -> None:
    few, many = 400_000, 2_000_000
    growth = peak(tmp_path, many) - peak(tmp_path, few)
    assert growth / (many - few) < MOST_BYTES_A_ROW


def peak(folder: Path, rows: int) -> int:
    """The most bytes that the step held on a table of so many rows."""
    dataset = folder / f"{rows}.parquet"
    write(dataset, rows)
    outputs = [part for name in OUTPUTS for part in (f"--{name}", str(folder / name))]
    step = subprocess.run(
        [sys.executable, "-c", PROGRAM, "--dataset", dataset, "--target", "y", *outputs],
        env={"PYTHONPATH": ":".join(sys.path)},
        check=True,
        capture_output=True,
        text=True,
    )
    return int(step.stdout.split()[-1])


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
