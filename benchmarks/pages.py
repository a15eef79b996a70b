"""Measure the pages of runs: `python -m benchmarks.pages`.

It prints what a change of state costs, beside two hundred earlier runs, and how long a run of short
steps takes with its page and without.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.graph_size import Instant, write
from benchmarks.image_build import say
from benchmarks.isolation import print_medians
from pipelines.compiled.graph import Pipeline
from pipelines.console.progress import Progress
from pipelines.pages.outputs import outputs
from pipelines.pages.record import RunRecord, StepRecord
from pipelines.pages.recorder import Recorder, write_run
from pipelines.pages.runs_page import write_runs_page
from pipelines.runner.interpreter import Interpreter, Observer
from pipelines.runner.recording import mark_killed, recorder
from pipelines.runner.task.backend import Call
from pipelines.system.task_state import State

EARLIER, TASKS, SECONDS = 200, 20, 0.25
BYTES, REPORT = 3_000_000, "<!doctype html>" + "x" * 500_000
SHORT, LONG = "without a page", "with its page"


class Brief(Instant):
    """A backend whose steps take a moment, and write a page and a larger file."""

    def run(self, call: Call) -> None:
        """Write the outputs."""
        super().run(call)
        folder = Path(call.command[-1]).parent
        (folder / "report").write_text(REPORT)
        (folder / "data").write_bytes(os.urandom(BYTES))
        time.sleep(SECONDS)


def main() -> int:
    """Measure the changes, then runs in turn."""
    parser = argparse.ArgumentParser(prog="benchmarks.pages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch:
        runs = Path(scratch, "runs")
        for number in range(EARLIER):
            _earlier(runs, number)
        print_changes(runs)
        file = Path(scratch, "pipeline.yaml")
        write(file, TASKS)
        pipeline = Pipeline.load(file)
        seconds: dict[str, list[float]] = {SHORT: [], LONG: []}
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            for name, each in seconds.items():
                each.append(_timed(partial(run, pipeline, runs, name, number)))
        print_medians(seconds, SHORT)
    return 0


def print_changes(runs: Path) -> None:
    """Print what it costs to write the page of a run, and the list of all runs."""
    for steps in (7, 60):
        record = _record(f"20261130-2359{steps:02}-000000", steps)
        folder = runs / record.id
        folder.mkdir()
        _print_median(f"a change in {steps} steps", partial(write_run, record, folder, 1060.0))
    outputs_of = runs / record.id / "step-0"
    outputs_of.mkdir()
    (outputs_of / "report").write_text(REPORT)
    (outputs_of / "data").write_bytes(os.urandom(BYTES))
    _print_median("the outputs of a step", partial(outputs, runs / record.id, "step-0"))
    _print_median("a look for killed runs", partial(mark_killed, runs))
    _print_median(f"the list of {EARLIER} runs", partial(write_runs_page, runs))


def _print_median(name: str, work: Callable[[], object]) -> None:
    took = []
    for _ in range(30):
        begun = time.process_time()
        work()
        took.append(time.process_time() - begun)
    print(f"{name:24}{median(took) * 1e3:8.1f} ms of CPU")


def run(pipeline: Pipeline, runs: Path, name: str, number: int) -> None:
    """Run the pipeline, with its page or without."""
    folder = runs / f"20261201-{number:06}-{len(name):06}"
    folder.mkdir()
    progress = Progress([], quiet=True)
    if name == SHORT:
        _interpret(pipeline, folder, progress)
        return
    seen: Recorder = recorder(pipeline, ("dev", "process"), {"text": "a"}, folder, "", progress)
    with seen.recorded():
        _interpret(pipeline, folder, seen)


def _interpret(pipeline: Pipeline, folder: Path, observer: Observer) -> None:
    Interpreter(pipeline, folder, Brief(), observer, 2).run({"text": "a"})


def _timed(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def _earlier(runs: Path, number: int) -> None:
    record = _record(f"20261130-{number:06}-000000", 7)
    record.close("succeeded", "", record.began + 20)
    folder = runs / record.id
    folder.mkdir(parents=True)
    record.save(folder)


def _record(name: str, steps: int) -> RunRecord:
    made = [
        StepRecord(
            f"step-{number}", [f"step-{number - 1}"] if number else [],
            state=State.SUCCEEDED.value, began=1000.0 + number, ended=1001.0 + number,
        )
        for number in range(steps)
    ]  # fmt: skip
    parameters = {f"parameter_{number}": "value" for number in range(33)}
    metric = ("accuracy", 0.9)
    return RunRecord(
        name, "training", "dev", "process", "make ui", parameters, {}, 1000.0, made, metric=metric
    )


if __name__ == "__main__":
    sys.exit(main())
