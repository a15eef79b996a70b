from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline

from train.conftest import Step, customers
from train.model.cross_validation import Folds, cross_validate, regression_metrics
from train.progress import Progress
from train.search.search import run_trials
from train.search.trials import Plan, Trial, Watcher, rank

ALL_OUTPUTS = ["metrics", "model_id", "run_id", "trained_model"]
FOREST = ["--model", "random_forest", "--model-params", '{"n_estimators": 5}']
# Without bags there is nothing out of a bag, so that the trial without them fails.
HALF_FAILS = ["--model", "random_forest", "--model-params", '{"n_estimators": 5, "oob_score":true}']


def search(**keys: Any) -> list[str]:
    return ["--search", json.dumps(keys)]


def metrics_of(runs: list[Run]) -> list[dict[str, float]]:
    return [run.data.metrics for run in runs]


def numbers(rows: int = 60) -> tuple[pd.DataFrame, pd.Series]:
    random = np.random.default_rng(5)
    frame = pd.DataFrame({"x": random.normal(size=rows), "y": random.normal(size=rows)})
    return frame, frame["x"] * 3 + frame["y"] ** 2


def test_cross_validation_is_the_plain_loop_over_the_folds() -> None:
    frame, target = numbers()
    pipeline = Pipeline([("estimator", Ridge(alpha=2.0))])
    scores = []
    for learn, test in KFold(4, shuffle=True, random_state=9).split(frame):
        model = clone(pipeline).fit(frame.iloc[learn], target.iloc[learn])
        predicted = model.predict(frame.iloc[test])
        scores.append(regression_metrics(target.iloc[test].to_numpy(), predicted))
    measured = cross_validate(pipeline, frame, target, Folds("regression", 4, 9))
    assert measured == scores


@pytest.mark.parametrize(("metric", "best"), [("rmse", 0.001), ("mae", 0.001), ("r2", 0.001)])
def test_the_best_trial_has_less_error_or_more_of_the_score(metric: str, best: float) -> None:
    frame, target = numbers()
    plan = Plan("random", 3, metric, {"alpha": [1e6, 0.001, 300.0]})
    pipeline = Pipeline([("estimator", Ridge())])
    folds = Folds("regression", 3, 1)
    ranked = run_trials(pipeline, frame, target, folds, plan, Watcher(), Progress(quiet=True))
    assert [trial.params["alpha"] for trial in ranked] == [best, 300.0, 1e6]


def test_a_later_round_is_better_and_a_failed_trial_last() -> None:
    def trial(number: int, mae: float, round: int = 0, error: str = "") -> Trial:
        return Trial(number, {}, round, None, {"cv_mae_mean": mae}, error)

    trials = [trial(1, 0.1), trial(2, 9.0, 1), trial(3, 0.1), trial(4, 5.0, 1), trial(5, 0, 2, "?")]
    assert [trial.number for trial in rank(trials, "mae")] == [4, 2, 1, 3, 5]


def test_each_trial_is_a_nested_run_and_the_best_one_is_the_model(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    step.write(customers(), "income class")
    space = {"C": {"low": 1e-5, "high": 10, "log": True}, "class_weight": [None, "balanced"]}
    flags = ["--model", "logistic_regression", "--model-params", '{"tol": 0.001}', "--seed", "8"]

    flags += search(trials=6, space=space, metric="log_loss")
    assert step.run(*flags, "--quiet") == 0

    assert step.left_behind() == ALL_OUTPUTS
    parent, *trials = step.runs()
    assert [run.info.run_name for run in trials] == [f"trial {n}" for n in range(1, 7)]
    assert {run.info.status for run in [parent, *trials]} == {"FINISHED"}
    assert {run.data.tags["mlflow.parentRunId"] for run in trials} == {parent.info.run_id}
    assert {tuple(run.data.params) for run in trials} == {("C", "class_weight")}
    losses = [run.data.metrics["cv_log_loss_mean"] for run in trials]
    best = trials[int(np.argmin(losses))]
    assert best.data.metrics == step.metrics()
    assert parent.data.metrics.items() >= step.metrics().items()
    assert {
        **best.data.params,
        "tol": "0.001",
        "search.method": "random",
        "search.trials": "6",
        "search.metric": "log_loss",
        "search.space": json.dumps(space, sort_keys=True),
        "search.best_trial": best.info.run_name.removeprefix("trial "),
    }.items() <= parent.data.params.items()
    # MLflow draws the course of the search.
    history = step.client.get_metric_history(parent.info.run_id, "trials/log_loss")
    assert [(each.step, each.value) for each in history] == list(enumerate(losses, 1))
    note = parent.data.tags["mlflow.note.content"]
    page = f"#/experiments/{parent.info.experiment_id}/runs/{best.info.run_id}"
    assert f"6 trials of a random search, by log_loss: [{best.info.run_name}]({page})." in note
    first, last = capsys.readouterr().err.splitlines()
    assert first == "train: logistic_regression on 120 rows, 7 features, 5 folds, 6 trials"
    assert last.startswith(
        f"train: best of 6 trials: {best.info.run_name}, log_loss {min(losses):.6g} ± "
    )


def test_what_is_found_depends_on_the_seed_and_not_on_the_cores(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    step.write(customers(), "grade")
    found: list[tuple[bytes, list[Any]]] = []
    for cores, seed in (("1", "3"), ("2", "3"), ("2", "4")):
        monkeypatch.setenv("LOKY_MAX_CPU_COUNT", cores)
        flags = (*FOREST, *search(trials=3), "--cv-folds", "2", "--seed", seed)
        assert step.run(*flags) == 0
        runs = step.runs()[len(found) :]  # those without a number come first
        mine = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == run_id(step)]
        trials = [(run.data.params, run.data.metrics) for run in mine]
        found.append((step.output("metrics").read_bytes(), trials))
    assert [len(trials) for _, trials in found] == [3, 3, 3]
    assert found[0] == found[1]
    assert found[1] != found[2]


def run_id(step: Step) -> str:
    return step.output("run_id").read_text()


def test_a_trial_has_the_folds_of_a_plain_run_with_its_parameters(step: Step) -> None:
    step.write(customers(), "price")
    assert step.run("--model", "ridge", *search(trials=4)) == 0
    parent, *_ = step.runs()
    searched = step.metrics()
    alpha = float(parent.data.params["alpha"])
    assert step.run("--model", "ridge", "--model-params", json.dumps({"alpha": alpha})) == 0
    assert step.metrics() == searched


def test_a_halving_gives_the_better_trials_more_rows(step: Step) -> None:
    step.write(customers(180), "price")
    flags = search(method="halving", trials=9, metric="mae", space={"alpha": list(range(1, 99, 9))})
    assert step.run("--model", "ridge", *flags) == 0

    parent, *trials = step.runs()
    assert sorted(run.data.metrics["rows"] for run in trials) == [20] * 6 + [60, 60, 180]
    last = next(run for run in trials if run.data.metrics["rows"] == 180)
    assert set(last.data.metrics) == {"cv_mae_mean", "cv_mae_std", "rows"}
    rounds = step.client.get_metric_history(last.info.run_id, "rows")
    assert [(each.step, each.value) for each in rounds] == [(0, 20), (1, 60), (2, 180)]
    assert "trials/mae" not in parent.data.metrics
    assert parent.data.params["alpha"] == last.data.params["alpha"]
    assert parent.data.params["search.method"] == "halving"
    assert {run.info.status for run in trials} == {"FINISHED"}

    # The model's own metrics are of all rows, as of a plain run.
    searched = step.metrics()
    alpha = json.dumps({"alpha": int(last.data.params["alpha"])})
    assert step.run("--model", "ridge", "--model-params", alpha) == 0
    assert step.metrics() == searched


def test_a_trial_that_cannot_be_fitted_is_recorded_and_skipped(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    step.write(customers(), "income class")
    space = {"bootstrap": [True, False], "max_depth": [2, 6]}
    assert step.run(*HALF_FAILS, *search(space=space)) == 0

    parent, *trials = step.runs()
    status = {run.data.params["bootstrap"]: run.info.status for run in trials}
    assert status == {"True": "FINISHED", "False": "FAILED"}
    failed, other = (run for run in trials if run.info.status == "FAILED")
    reason = "Out of bag estimation only available if bootstrap=True"
    assert failed.data.tags["pinion.error"] == other.data.tags["pinion.error"] == reason
    assert failed.data.metrics == {}
    assert "); 2 failed." in parent.data.tags["mlflow.note.content"]
    assert parent.data.params["bootstrap"] == "True"
    number = failed.info.run_name
    assert f"train: {number} of 4 failed: {reason}\n" in capsys.readouterr().err


@pytest.mark.parametrize("method", ["random", "halving"])
def test_where_all_trials_fail_one_line_says_why(
    step: Step, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    step.write(customers(), "income class")
    space = {"bootstrap": [False], "max_depth": [2, 6, 7]}

    assert step.run(*HALF_FAILS, *search(method=method, space=space)) == 1

    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("train: error: --search: all 3 trials failed; trial 1 with {'bootstrap")
    assert "Out of bag estimation only available if bootstrap=True" in error
    assert {run.info.status for run in step.runs()} == {"FAILED"}
    assert len(step.runs()) == 4
    assert step.left_behind() == []


def test_a_metric_that_some_fold_leaves_undefined_chooses_nothing(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = customers()
    frame.loc[3, "income class"] = "rare"
    step.write(frame, "income class")
    flags = ["--model", "logistic_regression", *search(trials=2, metric="roc_auc")]
    assert step.run(*flags) == 1
    assert "all 2 trials failed" in capsys.readouterr().err.splitlines()[-1]


@pytest.fixture()
def process(step: Step) -> Iterator[subprocess.Popen[str]]:
    """Start a search of minutes in two processes, and wait until they fit."""
    step.write(customers(5_000), "price")
    flags = ["--model", "random_forest", "--model-params", '{"n_estimators": 10000}']
    started = subprocess.Popen(
        [sys.executable, "-m", "train", *step.flags(*flags, *search(trials=3))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "LOKY_MAX_CPU_COUNT": "2"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while len(fitting(started)) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        yield started
    finally:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()


def workers(process: subprocess.Popen[str]) -> list[int]:
    """Return the processes that fit, by their parent and command."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == process.pid and b"LokyProcess" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


def fitting(process: subprocess.Popen[str]) -> list[int]:
    """Return those that have loaded what a forest is made of, and so are about to fit it."""
    found = []
    for worker in workers(process):
        with suppress(OSError):
            if "sklearn/tree/_tree" in Path(f"/proc/{worker}/maps").read_text():
                found.append(worker)
    return found


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [
        pytest.param(signal.SIGTERM, 143, id="terminated"),
        pytest.param(signal.SIGINT, 130, id="interrupted"),
    ],
)
def test_a_stopped_search_kills_its_runs_and_its_processes(
    step: Step, process: subprocess.Popen[str], number: int, exit_code: int
) -> None:
    pids = fitting(process)
    assert len(pids) == 2
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # a terminal's Ctrl-C reaches all
    else:
        process.send_signal(number)
    _, error = process.communicate(timeout=60)

    assert process.returncode == exit_code
    name = signal.Signals(number).name
    assert error.splitlines()[1:] == [
        f"train: error: stopped by {name}; no output was written, repeating the call is safe"
    ]
    assert all(gone(pid) for pid in pids)
    assert step.left_behind() == []
    statuses = [run.info.status for run in step.runs()]
    assert len(statuses) >= 2
    assert set(statuses) == {"KILLED"}


def test_a_process_that_is_killed_fails_the_search(
    step: Step, process: subprocess.Popen[str]
) -> None:
    pids = fitting(process)
    os.kill(pids[0], signal.SIGKILL)
    _, error = process.communicate(timeout=60)

    assert process.returncode == 1
    last = error.splitlines()[-1]
    assert last.startswith("train: error: --search: one of 2 processes that fit the trials was kil")
    assert all(gone(pid) for pid in pids)
    assert {run.info.status for run in step.runs()} == {"FAILED"}
    assert step.left_behind() == []


def test_processes_do_not_outlive_a_killed_search(process: subprocess.Popen[str]) -> None:
    pids = fitting(process)
    assert len(pids) == 2
    process.kill()
    process.wait(timeout=60)
    deadline = time.monotonic() + 20
    while not all(gone(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert all(gone(pid) for pid in pids)
