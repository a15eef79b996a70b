"""What the tests of this component share: the step as a user calls it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pull_data.__main__ import main


@dataclass(frozen=True)
class Outcome:
    """What a call of the step left: its exit code, its output, and the folder of the dataset."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def table(self) -> pa.Table:
        return pq.read_table(self.folder / "dataset")

    def assert_failed(self, *words: str, code: int = 1) -> None:
        """Assert one last line with all the words, and that nothing was left behind."""
        last = self.err.splitlines()[-1]
        assert self.code == code
        assert self.out == ""
        assert last.startswith("pull_data: error: ")
        assert [word for word in words if word not in last] == []
        assert "Traceback" not in self.err
        assert not self.folder.exists() or list(self.folder.iterdir()) == []


Pull = Callable[..., Outcome]


@pytest.fixture()
def pull(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Pull:
    """Call the step on a source; flags may follow."""

    def call(source: object, *flags: str) -> Outcome:
        folder = tmp_path / "out"
        code = main(["--source", str(source), "--dataset", str(folder / "dataset"), *flags])
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err, folder)

    return call
