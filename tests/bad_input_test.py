"""Bad input gives one line that says what, where and what to do, exit 1 or 2, and no half files."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.components.component import discover
from pipelines.system.workspace import ROOT
from tests.running import (
    assert_one_line,
    client,
    command,
    environment,
    params,
    run,
    run_folders,
    step_processes,
)


def table(text: str) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        path = folder / "table.csv"
        path.write_text(text)
        return str(path)

    return write


slow = pytest.mark.slow(reason="one more whole run; the fast tier has three")
LONG_TRAINING = params(model="random_forest", model_params='{"n_estimators": 20000}')
ROWS = "".join(f"{n},{n % 7},{'ab'[n % 2]}\n" for n in range(60))


# A few cases for each step; the step's own tests have the others.
@pytest.mark.parametrize(
    ("source", "given", "step", "parts"),
    [
        pytest.param(
            lambda folder: f"{folder}/absent.csv",
            {},
            "resolve",
            ["absent.csv"],
            id="missing file",
        ),
        pytest.param(
            table("x,z,y\n" + ROWS),
            {"target": "goal"},
            "preprocess",
            ["'goal'", "x", "z"],
            id="no such column",
        ),
        pytest.param(
            table("x,empty,y\n" + "".join(f"{n},,{'ab'[n % 2]}\n" for n in range(40))),
            {"target": "y"},
            "preprocess",
            ["'empty'"],
            id="all-missing column",
            marks=slow,
        ),
        pytest.param(
            table("x,z,y\n" + ROWS),
            {"target": "y", "model_params": '{"depth": 3}'},
            "train",
            ["depth", "max_depth"],
            id="unknown model parameter",
            marks=slow,
        ),
        pytest.param(
            table("x,z,y\n" + ROWS),
            {"target": "y", "thresholds": '{"accuracy": "high"}'},
            "evaluate",
            ["accuracy", "high"],
            id="malformed threshold",
            marks=slow,
        ),
    ],
)
def test_a_failed_step_reports_the_reason(
    tmp_path: Path,
    source: Callable[[Path], str],
    given: dict[str, str],
    step: str,
    parts: list[str],
) -> None:
    finished = run(tmp_path / "runs", *params(source=source(tmp_path), **given))
    assert_one_line(finished, 1, f"step '{step}' failed", f"logs/{step}.log", *parts)
    assert not any((finished.folder / step).iterdir())


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        pytest.param(params(colour="red"), ["'colour'", "source"], id="unknown parameter"),
        pytest.param(params(seed="many"), ["seed", "'many'", "whole number"], id="type"),
        pytest.param(params(model_params="{"), ["model_params", "JSON object"], id="model_params"),
        pytest.param(params(thresholds="[1]"), ["thresholds", "JSON object"], id="thresholds"),
        pytest.param(["--register", *params(register="true")], ["not both"], id="register twice"),
        pytest.param(["--jobs", "0"], ["--jobs", "'0'", "positive whole"], id="no jobs"),
        pytest.param(["--jobs", "two"], ["--jobs", "'two'", "positive whole"], id="jobs in words"),
        pytest.param(["--release", "9.9.9"], ["'9.9.9'", "known: dev"], id="unknown release"),
        pytest.param(
            ["--params", "/nowhere/params.yaml"], ["/nowhere/params.yaml"], id="params file"
        ),
    ],
)
def test_a_wrong_call_starts_nothing(
    tmp_path: Path, arguments: list[str], parts: list[str]
) -> None:
    assert_one_line(run(tmp_path / "runs", *arguments), 2, *parts)
    assert run_folders(tmp_path / "runs") == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("no pipeline", ["not a compiled pipeline"], id="not a pipeline"),
        pytest.param(
            "root: {dag: {tasks: {a: {artifactIterator: {itemInput: x}}}}}",
            ["root.dag.tasks.a.artifactIterator", "not supported"],
            id="unknown construct",
        ),
        pytest.param("root: {dag: {tasks: {a: {colour: red}}}}", ["colour"], id="unknown field"),
    ],
)
def test_an_unsupported_compiled_file_is_refused(
    tmp_path: Path, text: str, parts: list[str]
) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text(text)
    assert_one_line(run(tmp_path / "runs", "--pipeline-file", str(file)), 1, str(file), *parts)
    assert run_folders(tmp_path / "runs") == []


@slow
def test_a_file_of_another_build_is_refused(tmp_path: Path) -> None:
    compiled = tmp_path / "pipeline.yaml"
    subprocess.run(
        [
            *(sys.executable, "-m", "pipelines.compile", "dev"),
            *("--output", str(compiled)),
        ],
        env=environment(),
        check=True,
    )
    # The file itself is taken: the run gets as far as its first step.
    accepted = run(tmp_path / "first", "--pipeline-file", str(compiled), *params(source="absent"))
    assert_one_line(accepted, 1, "step 'resolve' failed", "absent")
    edited = tmp_path / "edited.yaml"
    version = discover(ROOT / "components")["train"].version
    image = f"image: pinion/train:{version}-dev."
    edited.write_text(compiled.read_text().replace(image, f"{image}0"))
    refused = run(tmp_path / "second", "--pipeline-file", str(edited))
    assert_one_line(refused, 1, f"'train' is pinned to {version}-dev.0", "compile again")


@slow
@pytest.mark.parametrize("where", ["parameter", "environment"])
def test_an_mlflow_server_that_does_not_answer(tmp_path: Path, where: str) -> None:
    # Nothing listens there: the connection is refused, as when a server is down.
    address = "http://127.0.0.1:9"
    arguments = params(mlflow_tracking_uri=address) if where == "parameter" else []
    of_environment = address if where == "environment" else ""
    started = time.monotonic()
    finished = run(tmp_path / "runs", *arguments, tracking_uri=of_environment)
    assert_one_line(finished, 1, "step 'train' failed", address)
    assert time.monotonic() - started < 45


def test_a_store_that_is_not_a_database(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("this is a text file, and a long enough one" * 9)
    started = time.monotonic()
    assert_one_line(run(tmp_path), 1, "mlflow.db cannot be opened")
    assert time.monotonic() - started < 20


def test_an_output_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert_one_line(run(tmp_path / "file" / "runs"), 1, str(tmp_path / "file"))


@slow
@pytest.mark.parametrize(
    ("signals", "code"),
    [
        pytest.param([signal.SIGINT], 130, id="Ctrl-C"),
        pytest.param([signal.SIGINT] * 3, 130, id="Ctrl-C three times"),
        pytest.param([signal.SIGTERM] * 2, 143, id="SIGTERM"),
    ],
)
def test_interrupting_stops_the_steps_and_reports_what_is_done(
    tmp_path: Path, signals: list[signal.Signals], code: int
) -> None:
    started = subprocess.Popen(
        command(tmp_path, *LONG_TRAINING),
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(lambda: (tmp_path / "mlflow.db").exists() and _running(tmp_path))
    for number in signals:
        os.kill(started.pid, number)
    _, stderr = started.communicate(timeout=120)
    assert started.returncode == code, stderr
    assert "stopped; done: resolve, pull-data, preprocess, decide;" in stderr
    assert "Traceback" not in stderr
    assert _running(tmp_path) == []
    assert step_processes(tmp_path) == []


@slow
def test_a_killed_runner_leaves_no_process_and_the_next_run_works(tmp_path: Path) -> None:
    started = subprocess.Popen(
        command(
            tmp_path,
            "--register",
            *params(model="random_forest", model_params='{"n_estimators": 20000}'),
        ),
        env=environment(),
        stderr=subprocess.DEVNULL,
    )
    wait_for(lambda: (tmp_path / "mlflow.db").exists() and _running(tmp_path))
    started.kill()
    started.wait()
    wait_for(lambda: step_processes(tmp_path) == [])
    finished = run(tmp_path, "--register", *params(model="logistic_regression"))
    assert finished.code == 0, finished.stderr
    assert len(client(tmp_path).search_model_versions("name='pinion-model'")) == 1


def wait_for(condition: Callable[[], object], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not hold in time"
        time.sleep(0.2)


def _running(output: Path) -> list[str]:
    """Return the MLflow runs that are marked as running."""
    mlflow = client(output)
    experiments = [experiment.experiment_id for experiment in mlflow.search_experiments()]
    return [
        record.info.run_id
        for record in mlflow.search_runs(experiments)
        if record.info.status == "RUNNING"
    ]
