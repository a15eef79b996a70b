"""Runs start at the same time in an empty folder, and none disturbs another."""

import subprocess
from pathlib import Path

import pytest

from tests.running import client, command, environment, params, run_folders

pytestmark = pytest.mark.slow(reason="concurrent whole runs")

# More would only take longer: each waits for the same locks.
RUNS = 3


def test_concurrent_first_runs(tmp_path: Path) -> None:
    started = [
        subprocess.Popen(
            command(tmp_path, "--register", *params(model="logistic_regression", seed=number)),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(RUNS)
    ]
    outputs = [process.communicate(timeout=900) for process in started]
    assert [process.returncode for process in started] == [0] * RUNS, "".join(
        err for _, err in outputs
    )
    mlflow = client(tmp_path)
    experiment = mlflow.get_experiment_by_name("pinion")
    assert experiment
    records = mlflow.search_runs([experiment.experiment_id])
    assert sorted(int(record.data.params["seed"]) for record in records) == list(range(RUNS))
    assert {record.info.status for record in records} == {"FINISHED"}
    versions = mlflow.search_model_versions("name='pinion-model'")
    assert sorted(int(version.version) for version in versions) == list(range(1, RUNS + 1))
    assert len({version.source for version in versions}) == RUNS
    assert int(mlflow.get_model_version_by_alias("pinion-model", "champion").version) == RUNS
    assert len(run_folders(tmp_path)) == RUNS
