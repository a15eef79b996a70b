"""A step that is killed cannot end its MLflow run; the runner ends it instead."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from mlflow.entities import Run

from tests.running import client, command, environment, params, run_folders, step_processes

pytestmark = pytest.mark.slow(reason="trains until it is killed")


def runs(output: Path) -> list[Run]:
    """Return the MLflow runs so far."""
    if not (output / "mlflow.db").exists():
        return []
    mlflow = client(output)
    experiments = [experiment.experiment_id for experiment in mlflow.search_experiments()]
    return list(mlflow.search_runs(experiments))


def train_process(output: Path) -> int:
    """Return the process id of `train` in the only run."""
    found = step_processes(output)
    (only,) = (each for each in found if b"/environments/train-" in _command_line(each))
    return only


def _command_line(process: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes()
    return b""


def test_the_mlflow_run_of_a_killed_training_is_ended(tmp_path: Path) -> None:
    long = params(model="random_forest", model_params='{"n_estimators": 20000}')
    started = subprocess.Popen(
        command(tmp_path, *long), env=environment(), stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 180
    while not any(run.data.params for run in runs(tmp_path)):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    (folder,) = run_folders(tmp_path)
    os.kill(train_process(tmp_path), signal.SIGKILL)
    _, stderr = started.communicate(timeout=60)
    assert started.returncode == 1
    assert "step 'train' failed: killed by SIGKILL" in stderr.splitlines()[-1]
    (run,) = runs(tmp_path)
    assert run.info.status == "KILLED"
    assert "killed by SIGKILL" in run.data.tags["pinion.note"]
    assert run.data.tags["pinion.pipeline_run"] == folder.name
