"""What the tests of the cache share: runs after each other over one cache."""

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
# Its first argument is what it writes, the second is only looked at.
UPPER = program(
    "upper",
    "import sys; open(sys.argv[3], 'w').write(sys.argv[1].upper())",
    "[{name: text, type: String}, {name: unused, type: String}]",
    "[{inputValue: text}, {inputValue: unused}, {outputPath: out}]",
    "[{name: out, type: Dataset}]",
)


@dsl.pipeline(name="chain")
def chain(text: str = "a", unused: str = "b", word: str = "c") -> None:
    """Two steps, of which the second looks at the output of the first."""
    first = UPPER(text=text, unused=unused)
    JOIN(left=first.outputs["out"], word=word)


class Runs:
    """Runs after each other, in folders of their own, over one cache."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cache = folder, folder / "cache"
        self._count = 0

    def __call__(self, function: Any, limit: int = 10**9, **parameters: Any) -> Run:
        """Runs a pipeline to its end."""
        return self.prepared(function, limit)(**parameters)

    def prepared(self, function: Any, limit: int = 10**9) -> Run:
        """A run that was not started yet."""
        self._count += 1
        return Run(self.folder / f"run{self._count}", function).reusing(self.cache, limit)


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """A bound on how many bytes a file may have that is written: a full disk, as far as it goes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def ran(run: Run) -> list[str]:
    """The steps that were run and not reused."""
    return sorted(call.name for call in run.backend.calls)
