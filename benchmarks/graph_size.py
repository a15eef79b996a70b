"""Measure the runner's own cost per task: `python -m benchmarks.graph_size [--tasks N]`.

One compiled file has chains of twenty tasks, whose steps only write their output, in this process.
So only the runner itself is measured, each time in a new process.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from kfp import compiler, dsl

from benchmarks.image_build import say
from pipelines.compiled.container import Container
from pipelines.compiled.graph import Pipeline
from pipelines.runner.interpreter import Interpreter
from pipelines.runner.interpreter_testing import Events, step
from pipelines.runner.task.backend import Call

CHAIN = 20
STEP = step(
    "copy", "[{name: data, type: Dataset, optional: true}]",
    "[{inputPath: data}, {outputPath: out}]",
)  # fmt: skip
FIRST = step("first", "[{name: text, type: String}]", "[{inputValue: text}, {outputPath: out}]")


class Instant:
    """A backend whose steps only write their output."""

    def prepare(self, steps: Iterable[tuple[str, Container]]) -> None:
        """Do nothing."""

    def warm(self, containers: Iterable[Container]) -> None:
        """Do nothing."""

    def program(self, image: str) -> str:
        """Return the image's name."""
        return image

    def run(self, call: Call) -> None:
        """Write the output, whose path is the last argument."""
        Path(call.command[-1]).write_text(call.name)

    def stop(self) -> None:
        """Do nothing, because nothing runs."""

    def close(self) -> None:
        """Do nothing, because nothing is held."""


def write(file: Path, tasks: int) -> None:
    """Compile a pipeline of so many tasks."""

    @dsl.pipeline(name="many")
    def many(text: str = "a") -> None:
        for _ in range(tasks // CHAIN):
            out = FIRST(text=text).outputs["out"]
            for _ in range(CHAIN - 1):
                out = STEP(data=out).outputs["out"]

    compiler.Compiler().compile(many, str(file))


def once(file: Path) -> None:
    """Load and run the file; print the seconds of CPU and the additional MB that this took."""
    with tempfile.TemporaryDirectory() as folder:
        before, start = _peak(), time.process_time()
        pipeline = Pipeline.load(file)
        interpreter = Interpreter(pipeline, Path(folder, "run"), Instant(), Events(), 2)
        interpreter.run({"text": "a"})
        print(time.process_time() - start, _peak() - before, len(interpreter.outputs))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> int:
    """Measure a tenth of the tasks, and all of them."""
    parser = argparse.ArgumentParser(prog="benchmarks.graph_size", description=__doc__)
    parser.add_argument("--tasks", type=int, default=1000, metavar="N")
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.file:
        once(args.file)
        return 0
    print(f"{'tasks':>6}{'CPU of a task':>16}{'memory of a task':>19}")
    with tempfile.TemporaryDirectory() as folder:
        for tasks in (args.tasks // 10, args.tasks):
            say(f"compiling {tasks} tasks")
            file = Path(folder, f"{tasks}.yaml")
            write(file, tasks)
            command = [sys.executable, "-m", "benchmarks.graph_size", "--file", str(file)]
            printed = subprocess.check_output(command, text=True).split()
            seconds, megabytes, ran = float(printed[0]), float(printed[1]), int(printed[2])
            print(f"{ran:6}{seconds / ran * 1e3:13.2f} ms{megabytes / ran * 1e3:16.1f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
