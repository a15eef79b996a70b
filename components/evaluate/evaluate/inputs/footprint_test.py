"""Real Parquet files, real limits of a process, and what the step really takes."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from evaluate.conftest import Example, people
from pinion_step.memory import parquet_bytes

MB = 1_000_000
ROWS = 400_000
PROGRAM = """
import resource, sys
from evaluate.__main__ import main, warm
from pinion_step.memory import PROC

warm()
status = dict(line.split(":") for line in (PROC / "self/status").read_text().splitlines())
most = int(status["VmData"].split()[0]) * 1024 + int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_DATA, (most, most))
before = int(status["VmRSS"].split()[0]) * 1024
code = main(sys.argv[2:])
# The peak that `getrusage` knows begins with that of the process which started this one.
status = dict(line.split(":") for line in (PROC / "self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) * 1024 - before)
sys.exit(code)
"""


def call(
    example: Example, test_data: Path, folder: Path, room: int, uri: str = ""
) -> subprocess.CompletedProcess[str]:
    """Call evaluate in a process that may take `room` bytes more than its imports took."""
    given = {
        "model": example.folder,
        "test-data": test_data,
        "mlflow-tracking-uri": uri or example.uri,
        "result": folder / "result",
        "test-metrics": folder / "metrics",
    }
    words = [f"--{name}={value}" for name, value in given.items()]
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(room), *words],
        env={"PYTHONPATH": ":".join(sys.path)},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("split") / "test"
    people(ROWS).to_parquet(path, index=False)
    return path


def test_a_frame_takes_what_is_said_or_a_little_more(split: Path) -> None:
    said = parquet_bytes(pq.read_metadata(split))
    taken = pd.read_parquet(split).memory_usage(index=False).sum()
    # Of texts that repeat a file holds each once.
    assert 0.7 * taken < said <= taken


def test_a_split_that_cannot_fit_is_refused_before_anything_is_done(
    income: Example, split: Path, tmp_path: Path
) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    told = call(income, split, tmp_path / "out", 10 * MB, uri)
    assert told.returncode == 1
    (line,) = told.stderr.splitlines()
    assert line.startswith(f"evaluate: error: the test data {split} does not fit in memory")
    assert f"its {ROWS:,} rows need at least " in line
    assert line.endswith("(on a cluster: `memory` in the platform file) or fewer rows")
    assert list(tmp_path.iterdir()) == []


def test_a_split_that_may_not_fit_is_evaluated_with_a_warning(
    income: Example, tmp_path: Path
) -> None:
    told = call(income, income.test_data, tmp_path / "out", 320 * MB)
    assert told.returncode == 0, told.stderr
    (warning,) = (line for line in told.stderr.splitlines() if "warning" in line)
    assert warning.startswith(f"evaluate: warning: the test data {income.test_data} may not fit")
    assert "in memory: its 60 rows need about " in warning
    assert (tmp_path / "out/result").exists()


def test_what_is_refused_would_not_have_fitted(
    income: Example, split: Path, tmp_path: Path
) -> None:
    told = call(income, split, tmp_path / "out", 4000 * MB)
    assert told.returncode == 0, told.stderr
    assert "warning" not in told.stderr
    assert parquet_bytes(pq.read_metadata(split)) < int(told.stdout.splitlines()[-1])
