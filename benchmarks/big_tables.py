"""Compare `pull_data` and `preprocess` with pandas: `python -m benchmarks.big_tables`.

The two steps, one after the other, and a plain pandas script take turns on tables of N and 2 N
rows. `preprocess` also runs without its profile, so that the last line tells what that costs. With
`--large` the steps alone also run on 20 million rows, for which pandas would need about 17 GB.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import BinaryIO

from benchmarks.image_build import say
from pipelines.runner.process.programs import Installed, installed
from pipelines.system.workspace import ROOT, Workspace

LARGE = 20_000_000
OUTPUTS = ("train-data", "test-data", "schema", "data-summary", "profile")


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds on the clock and of the processors, bytes of memory at most."""

    seconds: float
    processor: float
    memory: int

    def then(self, other: "Cost") -> "Cost":
        """Return the cost of both in sequence: the sum of the times, the larger memory."""
        return Cost(
            self.seconds + other.seconds,
            self.processor + other.processor,
            max(self.memory, other.memory),
        )


@dataclass(frozen=True)
class Steps:
    """The two steps, installed as for a run."""

    pull_data: Installed
    preprocess: Installed

    @property
    def python(self) -> Path:
        """The Python of `preprocess`."""
        return self.preprocess.environment.python


def main() -> int:
    """Run and print all measurements."""
    parser = argparse.ArgumentParser(prog="benchmarks.big_tables", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--large", action="store_true", help="also 20 million rows, about 5 GB")
    given = parser.parse_args()
    steps = Steps(*(installed(Workspace(), name) for name in ("pull_data", "preprocess")))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for rows in (given.rows, 2 * given.rows):
            compare(steps, folder, rows, given.rounds)
        if given.large:
            table = made(steps, folder, LARGE)
            for name, cost in pinion(steps, table, folder).items():
                print(line(LARGE, name, [cost]))
    return 0


def compare(steps: Steps, folder: Path, rows: int, rounds: int) -> None:
    """Run both in turn; print the medians, and the ratios of each round's pair."""
    table = made(steps, folder, rows)
    costs: dict[str, list[Cost]] = {}
    for number in range(rounds):
        say(f"{rows} rows, round {number + 1} of {rounds}")
        for name, cost in (pinion(steps, table, folder) | pandas(steps, table, folder)).items():
            costs.setdefault(name, []).append(cost)
    table.unlink()
    unprofiled = costs.pop("no profile")
    for name, each in costs.items():
        print(line(rows, name, each, costs["pandas"]))
    print(line(rows, "the profile", costs["preprocess"], unprofiled))


def made(steps: Steps, folder: Path, rows: int) -> Path:
    """Write a CSV file of so many rows, and return its path."""
    say(f"writing a table of {rows} rows")
    table = folder / f"{rows}.csv"
    subprocess.run([steps.python, ROOT / "benchmarks/tables.py", table, str(rows)], check=True)
    return table


def pinion(steps: Steps, table: Path, folder: Path) -> dict[str, Cost]:
    """Measure the two steps, and both together."""
    dataset = folder / "dataset"
    pulled = step(steps.pull_data, "--source", table, "--dataset", dataset)
    given = ("--dataset", dataset, "--target", "label")
    plain, split = (
        step(steps.preprocess, *given, *(word for name in names for word in _output(folder, name)))
        for names in (OUTPUTS[:-1], OUTPUTS)
    )
    both = pulled.then(split)
    return {"pull_data": pulled, "preprocess": split, "no profile": plain, "both steps": both}


def _output(folder: Path, name: str) -> tuple[str, Path]:
    return f"--{name}", folder / name


def pandas(steps: Steps, table: Path, folder: Path) -> dict[str, Cost]:
    """Measure the pandas script."""
    script = ROOT / "benchmarks/pandas_split.py"
    outputs = (folder / name for name in ("pandas-train", "pandas-test", "pandas-report"))
    return {"pandas": measured(steps.python, script, table, *outputs)}


def step(program: Installed, *arguments: str | Path) -> Cost:
    """Measure a step, started as the local runner starts it."""
    return measured(*program.command, *arguments)


def measured(
    *command: str | Path, output: int | BinaryIO = subprocess.DEVNULL, modules: Path | None = None
) -> Cost:
    """Run a command, with a folder of Python modules if given, and return its cost."""
    variables = {**os.environ, **({"PYTHONPATH": str(modules)} if modules else {})}
    with tempfile.TemporaryFile() as log:
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=log, env=variables)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        # Otherwise Popen would wait for the process again.
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            log.seek(0)
            raise SystemExit(f"{command} failed: {log.read().decode()[-1000:]}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def line(rows: int, name: str, costs: list[Cost], base: list[Cost] | None = None) -> str:
    """Return a row of the table; the ratios are medians over the rounds."""

    def middle(of: Callable[[Cost], float]) -> float:
        return median(of(cost) for cost in costs)

    def ratio(of: Callable[[Cost], float]) -> str:
        pairs = zip(costs, base or [], strict=True) if base else []
        ratios = [of(cost) / of(other) for cost, other in pairs]
        return f"{median(ratios):.2f} x" if ratios else ""

    fields = (
        f"{middle(lambda cost: cost.seconds):8.2f} s {ratio(lambda cost: cost.seconds):>8}",
        f"{middle(lambda cost: cost.processor):8.2f} s {ratio(lambda cost: cost.processor):>8}",
        f"{middle(lambda cost: cost.memory) / 1e6:7.0f} MB {ratio(lambda cost: cost.memory):>8}",
        f"{middle(lambda cost: cost.seconds) / rows * 1e6:6.2f} µs a row",
    )
    return f"{rows:>9,} rows  {name:12}{''.join(fields)}"


if __name__ == "__main__":
    sys.exit(main())
