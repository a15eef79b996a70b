"""Time a run, the same run again, and runs after a change to a step: `python -m benchmarks.rerun`.

All run in one clone with the environments already made, on the bundled table, with registration.
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

# A file of each of these steps, in which a line changes.
CHANGED = {"evaluate": "measure/metrics.py", "train": "step.py", "preprocess": "clean.py"}
REPEATS = 3


@dataclass(frozen=True)
class Result:
    """The time of one run, and the steps that it did not take from the cache."""

    name: str
    seconds: float
    steps: list[str]

    def line(self, first: "Result") -> str:
        """Return a row of the table, with the ratio to the first run."""
        ratio = f"{self.seconds / first.seconds:.3f} x"
        return f"{self.name:40}{self.seconds:8.2f} s {ratio:>9}  {', '.join(self.steps)}"


def main() -> int:
    """Measure all runs and print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = clone(Path(scratch, "clone"))
        git(tree, "init", "--quiet")
        # A folder that has a run of every step. It also makes the environments.
        warm = Path(scratch, "warm")
        say("making the environments")
        measure("", tree, warm)
        say("measuring")
        places = [Path(scratch, f"runs{number}") for number in range(REPEATS)]
        plain = [
            measure("first, without the cache", tree, place.with_suffix(".plain"), "--no-cache")
            for place in places
        ]
        first = [measure("first", tree, place) for place in places]
        unchanged = [measure("unchanged", tree, place) for place in places]
        edited = [[changed(tree, name, warm) for _ in places] for name in CHANGED]
    results = [middle(group) for group in (plain, first, unchanged, *edited)]
    print("\n".join(result.line(middle(first)) for result in results))
    return 0


def changed(tree: Path, component: str, output: Path) -> Result:
    """Measure a run after a change to the code that does not change the outputs."""
    source = tree / "components" / component / component / CHANGED[component]
    source.write_text(f"{source.read_text()}\nCHANGED = {time.time_ns()}\n")
    return measure(f"{component} changed", tree, output)


def measure(name: str, tree: Path, output: Path, *flags: str) -> Result:
    """Measure one run with the code in `tree`."""
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
