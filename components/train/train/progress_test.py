"""What is told of folds and trials, by a clock of the test's own and on a real pseudo-terminal."""

from __future__ import annotations

import os
import pty
import re
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes the next import work
from sklearn.linear_model import Ridge
from sklearn.model_selection import HalvingRandomSearchCV, KFold

from train.conftest import Step, customers
from train.log import log
from train.progress import Progress, in_words, shown
from train.search.plan import halving_rounds

LEFT = re.compile(r", about \d+ (s|min|h) left$")


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 500.0

    def __call__(self) -> float:
        return self.now


def told(error: str) -> list[str]:
    """Return the lines of progress, without the time that is left."""
    lines = [line for line in error.splitlines() if "progress" in line]
    assert all(line.startswith("train: progress: ") and LEFT.search(line) for line in lines)
    return [LEFT.sub("", line.removeprefix("train: progress: ")) for line in lines]


@pytest.fixture()
def _every(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a step tell of everything."""
    monkeypatch.setattr("train.step.Progress", partial(Progress, interval=0))


def test_what_is_left_is_reckoned_from_what_was_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    progress = Progress(interval=0, clock=clock)
    progress.expect(5)
    for fold, seconds in enumerate((3, 5, 4, 60, 60), 1):
        clock.now += seconds
        progress.ended(f"fold {fold} of 5")
    # Of six fits, the last of which makes the model.
    assert capsys.readouterr().err.splitlines() == [
        "train: progress: fold 1 of 5, about 15 s left",
        "train: progress: fold 2 of 5, about 16 s left",
        "train: progress: fold 3 of 5, about 12 s left",
        "train: progress: fold 4 of 5, about 36 s left",
        "train: progress: fold 5 of 5, about 26 s left",
    ]


def test_without_a_terminal_there_is_one_line_in_ten_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    progress.expect(100)
    for trial in range(1, 101):
        clock.now += 0.3
        progress.ended(f"trial {trial} of 100")
    assert told(capsys.readouterr().err) == ["trial 34 of 100", "trial 68 of 100"]


def test_a_quiet_one_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(quiet=True, interval=0)
    progress.expect(1)
    progress.ended("fold 1 of 1")
    assert capsys.readouterr().err == ""


@contextmanager
def terminal() -> Iterator[list[str]]:
    """Make stderr a terminal of 60 columns; what was written to it is there at the end."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 60))
    written: list[str] = []
    with os.fdopen(theirs, "w") as stderr, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stderr)
        patch.setenv("TERM", "xterm")
        yield written
    with os.fdopen(ours, "rb", buffering=0) as other_end, suppress(OSError):
        while part := other_end.read(9999):
            written.append(part.decode())


def test_on_a_terminal_one_line_moves() -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    progress.expect(2)
    with terminal() as written, shown(progress):
        for what in ("fold 1 of 2", "fold 2 of 2", "a long text that is no fold " * 9):
            clock.now += 2
            progress.ended(what)
        log("warning: few rows")
    *moved, warning, end = "".join(written).split("\x1b[K")[1:]
    assert moved[:2] == [
        "train: progress: fold 1 of 2, about 4 s left\r",
        "train: progress: fold 2 of 2, about 2 s left\r",
    ]
    assert len(moved) == 3
    assert len(moved[2]) == 60
    assert moved[2].endswith("…\r")
    assert (warning, end) == ("train: warning: few rows\r\n", "")


def test_a_quiet_one_does_not_move_on_a_terminal() -> None:
    progress = Progress(quiet=True)
    progress.expect(1)
    with terminal() as written, shown(progress):
        progress.ended("fold 1 of 1")
    assert "".join(written) == "\x1b[K"


@pytest.mark.usefixtures("_every")
def test_a_step_tells_of_each_fold(step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    assert step.write(customers(), "price").run("--model", "ridge", "--cv-folds", "4") == 0
    assert told(capsys.readouterr().err) == [f"fold {fold} of 4" for fold in (1, 2, 3, 4)]


@pytest.mark.usefixtures("_every")
def test_a_quiet_step_tells_of_none(step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("--quiet", "--model", "ridge", "--cv-folds", "4")
    assert step.write(customers(), "price").run(*flags) == 0
    assert capsys.readouterr().err == "train: ridge on 120 rows, 7 features, 4 folds\n"


@pytest.mark.usefixtures("_every")
def test_a_search_tells_of_its_trials_and_the_best_so_far(
    step: Step, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")  # a batch is one trial then
    search = '{"trials": 3, "metric": "mae", "space": {"alpha": [1e9, 0.1, 10]}}'
    assert step.write(customers(), "price").run("--model", "ridge", "--search", search) == 0
    _, *trials = step.runs()
    scores = [
        tuple(run.data.metrics[f"cv_mae_{part}"] for part in ("mean", "std")) for run in trials
    ]
    best = [min(scores[:count]) for count in (1, 2, 3)]
    assert told(capsys.readouterr().err) == [
        f"trial {number} of 3, best mae {mean:.6g} ± {std:.2g}"
        for number, (mean, std) in enumerate(best, 1)
    ]


@pytest.mark.usefixtures("_every")
def test_a_halving_tells_of_its_rounds_and_of_the_folds_of_the_best(
    step: Step, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    search = '{"method": "halving", "trials": 3, "space": {"alpha": [0.1, 1, 10]}}'
    flags = ("--model", "ridge", "--cv-folds", "2", "--search", search)
    assert step.write(customers(), "price").run(*flags) == 0
    lines = told(capsys.readouterr().err)
    assert [line.partition(", best")[0] for line in lines] == [
        "round 1, trial 2 of 3",
        "round 1, trial 3 of 3",
        "round 2, trial 1 of 1",
        "fold 1 of 2",
        "fold 2 of 2",
    ]


@pytest.mark.parametrize("trials", [1, 2, 3, 8, 9, 10])
@pytest.mark.parametrize("rows", [40, 41, 360])
def test_the_rounds_of_a_halving_are_those_of_scikit_learn(trials: int, rows: int) -> None:
    frame = pd.DataFrame({"x": np.arange(float(rows))})
    search = HalvingRandomSearchCV(
        Ridge(),
        {"alpha": list(range(1, trials + 1))},
        n_candidates=trials,
        min_resources="exhaust",
        cv=KFold(2, shuffle=True, random_state=1),
        scoring="neg_mean_absolute_error",
        refit=False,
        random_state=1,
    ).fit(frame, frame["x"])
    theirs = list(zip(search.n_candidates_, search.n_resources_, strict=True))
    assert halving_rounds(trials, rows, least=4) == theirs


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "1 s"), (41.6, "42 s"), (99, "99 s"), (100, "2 min"), (5940, "99 min"), (7000, "2 h")],
)
def test_times_are_in_one_unit(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_a_failure_stands_on_a_clean_line_of_the_terminal(step: Step) -> None:
    step.write(customers(), "price")
    params = '{"oob_score": true, "bootstrap": false}'
    with terminal() as written:
        assert step.run("--model", "random_forest", "--model-params", params) == 2
    last = "".join(written).rpartition("\x1b[K")[2]
    assert last.startswith("train: error: --model random_forest cannot be fitted")
