"""Compare a run with cached runs, with and without a changed step: `python -m benchmarks.rerun`.

All runs are in a clone whose components are packaged, on the bundled table, with registration.
"""

import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.image_build import say
from tests.build.tree import clone, git
from tests.running import environment

# The file of each of these steps in which a line changes.
CHANGED = {"evaluate": "metrics.py", "train": "training.py", "preprocess": "clean.py"}
REPEATS = 3


@dataclass(frozen=True)
class Result:
    """The seconds of a run, and the steps that were not cached."""

    name: str
    seconds: float
    steps: list[str]

    def line(self, first: "Result") -> str:
        """Return a row of the table, compared with the first run."""
        ratio = f"{self.seconds / first.seconds:.3f} x"
        return f"{self.name:40}{self.seconds:8.2f} s {ratio:>9}  {', '.join(self.steps)}"


def main() -> int:
    """Run and print all measurements."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = clone(Path(scratch, "clone"))
        git(tree, "init", "--quiet")
        say("packaging")
        measure("", tree, Path(scratch, "warm"))
        say("measuring")
        places = [Path(scratch, f"runs{number}") for number in range(REPEATS)]
        plain = [
            measure("first, without the cache", tree, place.with_suffix(".plain"), "--no-cache")
            for place in places
        ]
        first = [measure("first", tree, place) for place in places]
        unchanged = [measure("unchanged", tree, place) for place in places]
        # In an output folder in which all other steps are cached.
        warm = Path(scratch, "warm")
        packaged = [changed(tree, "evaluate", warm) for _ in places]
        later = [measure("evaluate changed, packaged before", tree, place) for place in places]
        others = [
            middle([changed(tree, name, warm) for _ in places])
            for name in CHANGED
            if name != "evaluate"
        ]
    groups = (plain, first, unchanged, packaged, later)
    results = [*(middle(group) for group in groups), *others]
    print("\n".join(result.line(middle(first)) for result in results))
    return 0


def changed(tree: Path, component: str, output: Path) -> Result:
    """Measure a run after a change of a step's code that has no effect on its outputs."""
    source = tree / "components" / component / component / CHANGED[component]
    source.write_text(f"{source.read_text()}\nCHANGED = {time.time_ns()}\n")
    return measure(f"{component} changed, with its packaging", tree, output)


def measure(name: str, tree: Path, output: Path, *flags: str) -> Result:
    """Measure one run in the clone."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.run", "--register", "--output", output, *flags],
        cwd=tree,
        env={**environment(), "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - start
    if done.returncode != 0:
        raise SystemExit(f"the run failed: {done.stderr[-1000:]}")
    steps = re.findall(r"^[\d:]+ (\S+): succeeded in ", done.stderr, re.MULTILINE)
    return Result(name, seconds, steps)


def middle(results: list[Result]) -> Result:
    """Return the result with the median time."""
    median = statistics.median(result.seconds for result in results)
    return next(result for result in results if result.seconds == median)


if __name__ == "__main__":
    sys.exit(main())
