"""Pull and preprocess tables as a user does, with both steps loaded once."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from pipelines.components.component import discover
from pipelines.system.workspace import ROOT
from tests.programs import step

LOOP = Path(__file__).with_name("step_loop.py")
Row = dict[str, Any]


@dataclass(frozen=True)
class Called:
    """What one or two steps left: the exit code of the last, all they said, and their outputs.

    `summary` is what `preprocess` printed, and `rows` are those of both sides of the split. `raw`
    are the features of the source's rows as a model reads them.
    """

    code: int
    said: str
    summary: str = ""
    schema: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    raw: list[Row] = field(default_factory=list)

    @property
    def last(self) -> str:
        """The last line on stderr, which is the reason of a failure."""
        return self.said.splitlines()[-1]

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of each feature."""
        return {feature["name"]: feature["kind"] for feature in self.schema["features"]}

    @property
    def features(self) -> dict[str, dict[str, Any]]:
        """What the schema says of each feature."""
        return {feature["name"]: feature for feature in self.schema["features"]}

    def column(self, name: str) -> list[Any]:
        """Return the values of a column, in order; those of a split have none of their own."""
        return sorted((row[name] for row in self.rows), key=lambda value: (value is None, value))

    def assert_read_alike(self) -> None:
        """Check that a model reads every row of the source as `preprocess` did."""
        names = list(self.features)
        prepared, raw = (
            Counter(tuple(row[name] for name in names) for row in rows)
            for rows in (self.rows, self.raw)
        )
        # Rows that were left out are in the source only.
        assert prepared - raw == Counter()

    def assert_stopped(self, *words: str) -> None:
        """Check that the reason has the words, and that it is one line."""
        assert self.code == 1, self.said
        assert [word for word in words if word not in self.last] == [], self.last
        assert "Traceback" not in self.said


class Step:
    """A step that is loaded once and called often."""

    def __init__(self, name: str) -> None:
        installed = step(name)
        self._process = subprocess.Popen(
            [installed.environment.python, "-sE", LOOP, installed.app, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def call(self, *flags: str) -> tuple[int, str, str]:
        """Call the step; return its exit code, its output and what it said."""
        code, out, err = self._ask(list(flags))
        return int(code), str(out), str(err)

    def rows(self, path: Path) -> list[Row]:
        """Return the rows of a Parquet file."""
        return cast(list[Row], self._ask(str(path)))

    def read_by_a_model(self, dataset: Path, schema: Path) -> list[Row]:
        """Return the rows of a dataset as a model with the schema reads them."""
        return cast(list[Row], self._ask({"dataset": str(dataset), "schema": str(schema)}))

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)

    def _ask(self, asked: object) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


class Preparation:
    """Both steps, and a folder for what they write."""

    def __init__(self, folder: Path, pull_data: Step, preprocess: Step) -> None:
        self._folder, self._pull, self._preprocess = folder, pull_data, preprocess
        interface = discover(ROOT / "components")["preprocess"].interface.document
        self._outputs = [output["name"].replace("_", "-") for output in interface["outputs"]]

    def prepare(self, source: Path, target: str, *flags: str, pull: tuple[str, ...] = ()) -> Called:
        """Pull a file with the flags of `pull`, and preprocess it with the others."""
        with TemporaryDirectory(dir=self._folder) as folder:
            return self._prepared(Path(folder), source, target, flags, pull)

    def _prepared(
        self, folder: Path, source: Path, target: str, flags: Sequence[str], pull: Sequence[str]
    ) -> Called:
        dataset = folder / "dataset"
        code, _, said = self._pull.call(f"--source={source}", f"--dataset={dataset}", *pull)
        if code:
            return Called(code, said)
        outputs = [f"--{name}={folder / name}" for name in self._outputs]
        code, summary, more = self._preprocess.call(
            f"--dataset={dataset}", f"--target={target}", *outputs, *flags
        )
        if code:
            return Called(code, said + more)
        sides = [self._preprocess.rows(folder / f"{side}-data") for side in ("train", "test")]
        schema = json.loads((folder / "schema").read_text(encoding="utf-8"))
        raw = self._preprocess.read_by_a_model(dataset, folder / "schema")
        rows = [row for side in sides for row in side]
        return Called(0, said + more, summary, schema, rows, raw)


@contextmanager
def loaded(folder: Path) -> Iterator[Preparation]:
    """Give both steps, loaded."""
    steps = [Step("pull_data"), Step("preprocess")]
    try:
        yield Preparation(folder, *steps)
    finally:
        for each in steps:
            each.close()
