"""Real Parquet files, real limits of a process, and what the step really takes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from pinion_step.memory import parquet_bytes
from train.conftest import KINDS, Step, customers
from train.data.schema import read_schema
from train.model.footprint import encoded_width, estimate
from train.models import Family

MB = 1_000_000
ROWS = 60_000
FEW = 15_000
PROGRAM = """
import resource, sys
from train.__main__ import main, warm
from pinion_step.memory import PROC

warm()
status = dict(line.split(":") for line in (PROC / "self/status").read_text().splitlines())
most = int(status["VmData"].split()[0]) * 1024 + int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_DATA, (most, most))
sys.exit(main(sys.argv[2:]))
"""
# Fits to the tables one after the other, the smallest first, and prints the peak after each. The
# peak that `getrusage` knows begins with that of the process which started this one.
PEAKS = """
import json, sys
from train.__main__ import main
from pinion_step.memory import PROC

for flags in json.loads(sys.argv[1]):
    if main(flags):
        sys.exit(1)
    status = dict(line.split(":") for line in (PROC / "self/status").read_text().splitlines())
    print(int(status["VmHWM"].split()[0]) * 1024)
"""


def call(step: Step, room: int, *more: str) -> subprocess.CompletedProcess[str]:
    """Call train in a process that may take `room` bytes more than its imports took."""
    return process(PROGRAM, str(room), *step.flags(*more))


def process(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own, because other tests set the peak of this one."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={"PYTHONPATH": ":".join(sys.path), "ARROW_DEFAULT_MEMORY_POOL": "system"},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return customers(ROWS)


def test_a_frame_takes_what_is_said_or_a_little_more(tmp_path: Path, table: pd.DataFrame) -> None:
    table.to_parquet(tmp_path / "table", index=False)
    said = parquet_bytes(pq.read_metadata(tmp_path / "table"))
    taken = pq.read_table(tmp_path / "table").to_pandas().memory_usage(index=False).sum()
    # Of texts that repeat a file holds each once, and of booleans with gaps pandas makes objects.
    assert 0.7 * taken < said <= taken


def test_long_texts_count(tmp_path: Path) -> None:
    texts = [f"{number:09}" * 20 for number in range(10_000)]
    pd.DataFrame({"x": pd.Series(texts, dtype="str")}).to_parquet(tmp_path / "table")
    said = parquet_bytes(pq.read_metadata(tmp_path / "table"))
    assert said == pytest.approx(10_000 * (8 + 180), rel=0.01)


def test_a_forest_is_given_categories_more_than_once(step: Step) -> None:
    features = [
        {"name": "work class", "kind": "categorical", "distinct": 7},
        {"name": "postcode", "kind": "categorical", "distinct": 40_000},
        {"name": "age", "kind": "numeric"},
    ]
    step.write(customers(), "grade", features=features)
    schema = read_schema(step.folder / "schema")
    assert encoded_width(schema, Family.BOOSTING) == 3
    assert encoded_width(schema, Family.FOREST) == 3 + 7 + 50


def test_a_table_that_cannot_fit_is_refused_before_anything_is_done(
    step: Step, table: pd.DataFrame, tmp_path: Path
) -> None:
    step.write(table, "grade")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    told = call(step, 6 * MB, "--mlflow-tracking-uri", uri)
    assert told.returncode == 1
    (line,) = told.stderr.splitlines()
    assert line.startswith(f"train: error: --train-data {step.folder}/train does not fit in memory")
    assert f"{ROWS:,} rows of {len(KINDS)} features need at least " in line
    assert "give the step more memory (on a cluster: `memory` in the platform file)" in line
    assert not (tmp_path / "mlflow.db").exists()
    assert step.left_behind() == []


def test_a_table_that_may_not_fit_is_trained_on_with_a_warning(step: Step) -> None:
    step.write(customers(), "grade")
    told = call(step, 160 * MB, "--model", "logistic_regression")
    assert told.returncode == 0, told.stderr
    (warning,) = (line for line in told.stderr.splitlines() if "warning" in line)
    data = step.folder / "train"
    assert warning.startswith(f"train: warning: --train-data {data} may not fit in memory: its 120")
    assert warning.endswith("or fewer rows, or another model than logistic_regression")


@pytest.mark.parametrize(
    ("target", "model", "family", "params"),
    [
        pytest.param(
            "grade", "hist_gradient_boosting", Family.BOOSTING, '{"max_iter": 1}', id="boosting"
        ),
        pytest.param("price", "ridge", Family.LINEAR, "{}", id="linear"),
    ],
)
def test_what_is_refused_would_not_have_fitted(
    step: Step, table: pd.DataFrame, target: str, model: str, family: Family, params: str
) -> None:
    """What a further row takes is more than the least that is reckoned with for it."""
    least, calls = [], []
    for rows in (FEW, ROWS):
        written = replace(step, folder=step.folder / str(rows))
        written.folder.mkdir()
        written.write(table[:rows], target)
        schema = read_schema(written.folder / "schema")
        file = pq.read_metadata(written.folder / "train")
        least.append(estimate(file, schema, family)[0])
        calls.append(written.flags("--model", model, "--model-params", params, "--cv-folds", "2"))
    told = process(PEAKS, json.dumps(calls))
    assert told.returncode == 0, told.stderr
    assert "warning" not in told.stderr
    few, many = (int(line) for line in told.stdout.splitlines()[1::2])
    assert least[1] - least[0] < many - few
