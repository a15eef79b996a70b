from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModel
from mlflow.entities import Run as MlflowRun

from pinion_step.store import prepare_store
from pinion_step.tracking.runs import make_run
from train.search.runs import trial_runs
from train.search.trials import Trial
from train.tracking.run import Run, make_model


class AskedTwice(MlflowClient):
    """A client whose first answer is lost, so that it asks again, as MLflow's does of a server."""

    def create_run(self, *given: Any, **named: Any) -> MlflowRun:
        super().create_run(*given, **named)
        return super().create_run(*given, **named)

    def create_logged_model(self, *given: Any, **named: Any) -> LoggedModel:
        super().create_logged_model(*given, **named)
        return super().create_logged_model(*given, **named)


@pytest.fixture()
def client(tracking_uri: str) -> AskedTwice:
    prepare_store(tracking_uri)
    return AskedTwice(tracking_uri)


def test_of_two_runs_one_is_kept_and_the_other_says_why(client: AskedTwice, tmp_path: Path) -> None:
    experiment = client.create_experiment(tmp_path.name)
    kept = make_run(client, experiment, "ridge-1", {})
    found = {run.info.run_id: run for run in client.search_runs([experiment])}
    assert found.pop(kept).info.status == "RUNNING"
    (other,) = found.values()
    assert other.info.status == "KILLED"
    assert other.data.tags["pinion.note"].endswith(f"the run is {kept}")


def test_of_two_models_one_is_kept(client: AskedTwice, tmp_path: Path) -> None:
    experiment = client.create_experiment(tmp_path.name)
    run = Run(client, experiment, make_run(client, experiment, "ridge-1", {}))
    kept = make_model(run, "ridge", {"alpha": "1"}, {})
    found = {model.model_id: model.status for model in client.search_logged_models([experiment])}
    assert found.pop(kept.model_id) == "PENDING"
    assert list(found.values()) == ["FAILED"]


def test_of_two_runs_of_a_trial_one_is_kept(client: AskedTwice, tmp_path: Path) -> None:
    experiment = client.create_experiment(tmp_path.name)
    parent = Run(client, experiment, make_run(client, experiment, "ridge-1", {}))
    trial = Trial(1, {"alpha": 2.0}, metrics={"cv_mae_mean": 0.5})
    with trial_runs(parent, {"pinion.release": "1.0.0", "pinion.pipeline_run": "p-1"}) as runs:
        runs.started(trial)
        runs.measured(trial)
    below = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{parent.run_id}'")
    found = {run.info.run_id: run for run in below}
    kept = found.pop(runs.run_of(trial))
    assert (kept.info.status, kept.data.params) == ("FINISHED", {"alpha": "2.0"})
    assert kept.data.metrics == {"cv_mae_mean": 0.5}
    mine = {name for name in kept.data.tags if not name.startswith("mlflow.")}
    assert mine == {"pinion.pipeline_run"}
    (twin,) = found.values()
    assert twin.info.status == "KILLED"
    assert twin.data.tags["pinion.note"].endswith("the trial has another run")
