from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModel
from mlflow.entities import Run as MlflowRun

from pinion_step.store import prepare_store
from pinion_step.tracking.runs import make_run
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
