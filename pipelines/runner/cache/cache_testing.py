"""Helpers for tests of the cache: several runs, one after another, with one cache."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kfp import dsl

from pipelines.runner.interpreter_testing import Run, program, step

JOIN = step(
    "join",
    "[{name: left, type: Dataset}, {name: word, type: String}]",
    "[{inputValue: word}, {outputPath: out}]",
)
# It writes its first argument in capitals; the second has no effect.
UPPER = program(
    "upper",
    "import sys; open(sys.argv[3], 'w').write(sys.argv[1].upper())",
    "[{name: text, type: String}, {name: unused, type: String}]",
    "[{inputValue: text}, {inputValue: unused}, {outputPath: out}]",
    "[{name: out, type: Dataset}]",
)


@dsl.pipeline(name="chain")
def chain(text: str = "a", unused: str = "b", word: str = "c") -> None:
    """Two steps; the second takes the output of the first."""
    first = UPPER(text=text, unused=unused)
    JOIN(left=first.outputs["out"], word=word)


class Runs:
    """Runs, one after another, each in its own folder, with one cache."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cache = folder, folder / "cache"
        self._count = 0

    def __call__(self, function: Any, limit: int = 10**9, **parameters: Any) -> Run:
        """Run a pipeline to its end."""
        return self.prepared(function, limit)(**parameters)

    def prepared(self, function: Any, limit: int = 10**9, released: bool = False) -> Run:
        """Return a run that has not been started yet."""
        self._count += 1
        run = Run(self.folder / f"run{self._count}", function, released=released)
        return run.reusing(self.cache, limit)


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """Limit the bytes of every written file, which fails much like a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def ran(run: Run) -> list[str]:
    """Return the steps that ran, as opposed to those that were cached."""
    return sorted(call.name for call in run.backend.calls)
