"""Make runs of every kind, and the pages that come of them."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pipelines.pages.outputs import Output
from pipelines.pages.record import RUNNING, RunRecord, StepRecord, load
from pipelines.pages.recorder import PAGE, write_run
from pipelines.pages.runs_page import write_runs_page
from tests.running import command, environment, params, run, run_folders

# Markup, no Latin letters, and words that are longer than a phone is wide.
ODD = "<script>alert(1)</script> & \u201cÜ\u201d \u0431\u043e\u043b\u044c\u0448\u043e\u0439 \u8868 "
LONG = "w" * 90
_MODEL = params(model="logistic_regression", target="answer", registered_model_name="pages")
_SECONDS = 120


def make_pages(folder: Path) -> dict[str, Path]:
    """Return the page of a run of each kind, that of all runs, and pages that steps wrote."""
    real = _make_runs(folder)
    good = load(real["good"])
    assert good
    pages = {kind: each / PAGE for kind, each in real.items()}
    for kind, change in CHANGES.items():
        pages[kind] = _written(replace(good, id=kind, steps=_copied(good)), real["good"], change)
    reports = {
        "drift": real["killed"] / "reports" / "decide-drift_report.html",
        "300-columns": real["failed"] / "reports" / "preprocess-data_report.html",
    }
    write_runs_page(real["good"].parent)
    return {**pages, **reports, "list": real["good"].parent / PAGE, "long-list": _many(folder)}


def _make_runs(folder: Path) -> dict[str, Path]:
    """Make real runs: one that succeeds, and one that ends in each other way."""
    output = folder / "runs"
    table, drifted, wide = _tables(folder)
    first = [*_MODEL, *params(source=table, register=True)]
    assert run(output, *first).code == 0
    (good,) = run_folders(output)
    assert run(output, *first, *params(retrain="on_drift")).code == 0
    (same,) = set(run_folders(output)) - {good}
    killed = _kill(output, [*_MODEL, *params(source=drifted, retrain="on_drift")])
    broken = params(model_params='{"depth": 3}')
    assert run(output, *_MODEL, *params(source=wide), *broken).code == 1
    (failed,) = set(run_folders(output)) - {good, same, killed}
    assert run(output, *first).code == 0
    (cached,) = set(run_folders(output)) - {good, same, killed, failed}
    named = {"good": good, "not-retrained": same, "killed": killed, "failed": failed}
    return {**named, "cached": cached}


def _tables(folder: Path) -> Iterator[Path]:
    """Yield a table, one of other people, and one of 300 columns with 40 answers."""
    drawn = random.Random(4)  # noqa: S311 - it decides nothing that is secret
    for name, more in (("table", 0.0), ("drifted", 1.5)):
        rows = [(drawn.gauss(0, 1), drawn.gauss(more, 2)) for _ in range(600)]
        lines = [f"{a:.3f},{b:.3f},{'yes' if a > 0 else 'no'}" for a, b in rows]
        yield _table(folder / f"{name}.csv", ["height", "income per year", "answer"], lines)
    columns = [f"measure {number} <b>" for number in range(300)]
    lines = [
        ",".join([*(f"{drawn.gauss(0, 1):.2f}" for _ in columns), f"answer {row % 40}"])
        for row in range(800)
    ]
    yield _table(folder / "wide.csv", [*columns, "answer"], lines)


def _table(file: Path, names: Sequence[str], lines: Sequence[str]) -> Path:
    file.write_text("\n".join([",".join(names), *lines]) + "\n")
    return file


def _kill(output: Path, arguments: Sequence[str]) -> Path:
    """Return the folder of a run that is killed, with all its processes, while it trains."""
    before = set(run_folders(output))
    process = subprocess.Popen(
        command(output, *arguments),
        env=environment(),
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    limit = time.monotonic() + _SECONDS
    while not (found := [each for each in set(run_folders(output)) - before if _trains(each)]):
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.05)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return found[0]


def _trains(folder: Path) -> bool:
    record = load(folder)
    return record is not None and record.step("train").state == "running"


def _copied(run: RunRecord) -> list[StepRecord]:
    return [replace(step) for step in run.steps]


def _written(run: RunRecord, beside: Path, change: Callable[[RunRecord], None]) -> Path:
    """Write the page of a run that is changed, in a folder of its own."""
    folder = beside.with_name(run.id)
    (folder / "logs").mkdir(parents=True)
    later = time.time() - 60 - run.began
    run.began, run.ended = run.began + later, (run.ended or run.began) + later
    for step in run.steps:
        if step.began and step.ended:
            step.began, step.ended = step.began + later, step.ended + later
    change(run)
    for step in run.steps:
        lines = [f"{step.name}: line {number} {ODD}{LONG}" for number in range(12)]
        (folder / "logs" / f"{step.name}.log").write_text("\n".join(lines))
    write_run(run, folder, run.ended or time.time())
    return folder / PAGE


def _until(run: RunRecord, name: str, state: str, others: str, why: str = "") -> None:
    """Let the run be as it was when one step had a state, and those after it another."""
    at = [step.name for step in run.steps].index(name)
    for number, step in enumerate(run.steps):
        step.began, step.ended = run.began + 3 * number, run.began + 3 * number + 2
        if number >= at:
            step.state, step.ended, step.outputs = state if number == at else others, None, ()
        if number > at:
            step.began, step.why = None, why
    run.ended = None if state == RUNNING else run.began + 3 * at + 4
    run.passed, run.metric, run.checks, run.model = None, None, (), ""


def _live(run: RunRecord) -> None:
    run.state = RUNNING
    _until(run, "train", RUNNING, "pending")


def _stopped(run: RunRecord) -> None:
    run.state, run.error = "stopped", "it was stopped by Ctrl-C or a signal; run it again"
    _until(run, "train", "canceled", "skipped", "the run was stopped")


def _refused(run: RunRecord) -> None:
    run.state, run.model, run.passed = "failed", "", False
    run.error = "step 'register' failed: the model did not pass its evaluation"
    run.checks = [("accuracy", "0.9583 >= 0.9990 FAILED", False), *run.checks]
    run.steps[-1].state = "failed"


def _odd(run: RunRecord) -> None:
    run.what, run.mlflow, run.decision = ODD + LONG, f"http://{LONG}:5000", ODD + LONG
    run.state, run.error, run.metric = "failed", f"{ODD}{LONG}\n{ODD}", (LONG, 0.5)
    run.model, run.checks = f"models:/{LONG}/12", [(ODD + LONG, ODD + LONG, False)]
    run.parameters = {f"{LONG}{n}": f"{ODD}{LONG}" * (n % 3) for n in range(60)}
    run.changed = {name: ODD for name in list(run.parameters)[:40]}
    step = StepRecord(LONG + "-<b>", [run.steps[-1].name], state="failed", why=ODD + LONG)
    step.outputs = [Output(ODD + LONG, 4, ODD + LONG, "", ODD), Output(LONG, 4, "", "ab" * 6, ODD)]
    run.steps.append(step)


def _loop(run: RunRecord) -> None:
    place = [step.name for step in run.steps].index("train")
    loop = run.steps[place]
    run.steps[place : place + 1] = [replace(loop, name=f"train.{number}") for number in range(12)]


CHANGES: dict[str, Callable[[RunRecord], None]] = {
    "live": _live,
    "stopped": _stopped,
    "refused": _refused,
    "odd": _odd,
    "loop": _loop,
}


def _many(folder: Path) -> Path:
    """Return the page of sixty runs, one of which goes on."""
    runs = folder / "many"
    states = ["succeeded", "failed", "killed", "stopped"]
    for number in range(60):
        record = RunRecord(
            f"20261130-2010{number:02}-8d57d2", "training", "1.0.0", "docker", "make ui",
            {"registered_model_name": f"model-{number % 2}"}, {}, 1000.0 * number, [],
            state=states[number % 5] if number % 5 < 4 else RUNNING if number == 59 else "killed",
            ended=None if number == 59 else 1000.0 * number + 70 * number,
            metric=None if number % 4 else ("balanced_accuracy", 0.7 + 0.01 * (number % 13)),
            passed=None if number % 4 else number % 8 == 0,
            model=f"models:/model-{number % 2}/{number}" if number % 8 == 0 else "",
        )  # fmt: skip
        (runs / record.id).mkdir(parents=True)
        record.save(runs / record.id)
    write_runs_page(runs)
    return runs / PAGE
