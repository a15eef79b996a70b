"""The step as its users call it, on real files."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from new_step.__main__ import main


@pytest.fixture()
def dataset(tmp_path: Path) -> Path:
    path = tmp_path / "dataset"
    pq.write_table(pa.table({"age": [31, 42, 53], "city": ["Bonn", "Graz", "Lyon"]}), path)
    return path


def test_the_rows_and_columns_are_counted(dataset: Path, tmp_path: Path) -> None:
    metrics = tmp_path / "out" / "metrics"
    assert main(["--dataset", str(dataset), "--metrics", str(metrics)]) == 0
    assert json.loads(metrics.read_text()) == {"rows": 3, "columns": 2}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        pytest.param(
            ["--minimum-rows", "4"],
            "has 3 rows, fewer than --minimum-rows 4; give a larger table or a smaller minimum",
            id="too few rows",
        ),
        pytest.param(
            ["--dataset", "missing.parquet"],
            "--dataset missing.parquet is not a readable Parquet file: ",
            id="no such file",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_one_line(
    dataset: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    message: str,
) -> None:
    metrics = tmp_path / "metrics"
    assert main(["--dataset", str(dataset), "--metrics", str(metrics), *flags]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("new_step: error: --dataset ")
    assert message in line
    assert list(tmp_path.iterdir()) == [dataset]


def test_a_wrong_call_has_its_own_exit_code(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--dataset", str(dataset), "--metrics", "out", "--minimum-rows", "few"]) == 2
    assert "--minimum-rows: 'few' is not a whole number" in capsys.readouterr().err
