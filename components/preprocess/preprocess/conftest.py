"""What the tests of this component share: the step as a user calls it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from preprocess.__main__ import main

OUTPUTS = ("train-data", "test-data", "schema", "data-summary", "data-report", "profile")


@dataclass(frozen=True)
class Outcome:
    """What a call of the step left: its exit code, what it said, and the folder of its outputs."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def train(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "train-data")

    @property
    def test(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "test-data")

    @property
    def rows(self) -> pd.DataFrame:
        return pd.concat([self.train, self.test], ignore_index=True)

    @property
    def schema(self) -> dict[str, Any]:
        return json.loads((self.folder / "schema").read_text(encoding="utf-8"))

    @property
    def report(self) -> dict[str, Any]:
        return json.loads((self.folder / "data-summary").read_text(encoding="utf-8"))

    @property
    def profile(self) -> dict[str, Any]:
        return json.loads((self.folder / "profile").read_text(encoding="utf-8"))

    @property
    def page(self) -> str:
        return (self.folder / "data-report").read_text(encoding="utf-8")

    @property
    def features(self) -> dict[str, dict[str, Any]]:
        return {feature["name"]: feature for feature in self.schema["features"]}

    @property
    def checks(self) -> list[dict[str, Any]]:
        """The findings in the report, without their messages."""
        return [
            {key: value for key, value in check.items() if key != "message"}
            for check in self.report["checks"]
        ]

    def assert_failed(self, *words: str, code: int = 1, lines: int = 1) -> None:
        """Assert the lines of the log, all words in the last, and that nothing was left behind."""
        assert self.code == code
        assert self.out == ""
        assert len(self.err.splitlines()) == lines
        last = self.err.splitlines()[-1]
        assert last.startswith("preprocess: error: ")
        assert [word for word in words if word not in last] == []
        assert not self.folder.exists() or list(self.folder.iterdir()) == []


Preprocess = Callable[..., Outcome]


@pytest.fixture()
def preprocess(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Preprocess:
    """Call the step on a table or a file; each call has a folder of its own."""
    calls = 0

    def call(table: dict[str, Any] | pa.Table | Path, *flags: str, target: str = "y") -> Outcome:
        nonlocal calls
        calls += 1
        folder = tmp_path / f"out{calls}"
        dataset = tmp_path / f"dataset{calls}"
        if isinstance(table, Path):
            dataset = table
        else:
            pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), dataset)
        outputs = [part for name in OUTPUTS for part in (f"--{name}", str(folder / name))]
        code = main(["--dataset", str(dataset), "--target", target, *outputs, *flags])
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err, folder)

    return call
