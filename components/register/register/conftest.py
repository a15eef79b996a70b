"""A real MLflow store, and models logged in it: folder, run and evaluation."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import mlflow
import pytest
import yaml
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from register.__main__ import main

PASSED_CHECK = {
    "metric": "accuracy",
    "value": 0.956,
    "threshold": 0.9,
    "greater_is_better": True,
    "passed": True,
}
FAILED_CHECK = PASSED_CHECK | {"threshold": 0.97, "passed": False}


@dataclass(frozen=True)
class Trained:
    """What the steps before have left of one model."""

    folder: Path
    evaluation: Path
    run_id: str
    model_id: str

    def edit_evaluation(self, **changes: object) -> None:
        """Replace keys of the evaluation result."""
        document = json.loads(self.evaluation.read_text())
        self.evaluation.write_text(json.dumps(document | changes))


@dataclass(frozen=True)
class Store:
    """An MLflow store with an experiment."""

    client: MlflowClient
    uri: str
    experiment: str

    def versions(self, name: str) -> list[ModelVersion]:
        """All versions of a registered model, the lowest first."""
        found = self.client.search_model_versions(f"name = '{name}'")
        return sorted(found, key=lambda version: int(version.version))

    def alias(self, name: str, alias: str = "champion") -> int | None:
        """Return the version that the alias points to."""
        version = self.client.get_registered_model(name).aliases.get(alias)
        return None if version is None else int(version)

    def links(self, trained: "Trained") -> list[dict[str, str]]:
        """Return the versions that MLflow's page of the model names."""
        tags = self.client.get_logged_model(trained.model_id).tags
        found: list[dict[str, str]] = json.loads(tags["mlflow.modelVersions"])
        return found


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    root = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{root}/mlflow.db"
    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    experiment = client.create_experiment("tests", (root / "artifacts").as_uri())
    return Store(client, uri, experiment)


Status = Literal["READY", "FAILED"]
Train = Callable[..., Trained]


@pytest.fixture()
def train(store: Store, tmp_path: Path) -> Train:
    """Make a new logged model with a folder and a passed evaluation."""

    def make(status: Status | None = "READY", run_tags: Mapping[str, str] | None = None) -> Trained:
        run_id = store.client.create_run(store.experiment, tags=dict(run_tags or {})).info.run_id
        model = store.client.create_logged_model(store.experiment, "model", run_id)
        if status:
            store.client.finalize_logged_model(model.model_id, status)
        folder = tmp_path / model.model_id
        folder.mkdir()
        ids = {"model_id": model.model_id, "run_id": run_id}
        (folder / "MLmodel").write_text(yaml.safe_dump(ids | {"flavors": {}}))
        evaluation = tmp_path / f"evaluation-{model.model_id}"
        evaluation.write_text(json.dumps(ids | {"passed": True, "checks": [PASSED_CHECK]}))
        return Trained(folder, evaluation, run_id, model.model_id)

    return make


@dataclass(frozen=True)
class Outcome:
    """What a call of the step left behind."""

    exit_code: int
    stdout: str
    stderr: str
    model_version: Path
    model_uri: Path


Run = Callable[..., Outcome]


def arguments(trained: Trained, uri: str, out: Path, **flags: Any) -> list[str]:
    """Return the command line; keyword arguments replace or add flags."""
    given = {
        "model": trained.folder,
        "evaluation": trained.evaluation,
        "mlflow_tracking_uri": uri,
        "model_version": out / "version",
        "model_uri": out / "uri",
    } | flags
    return [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]


@pytest.fixture()
def register_step(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the step on a model."""
    out = tmp_path / "out"

    def run(trained: Trained, **flags: object) -> Outcome:
        exit_code = main(arguments(trained, store.uri, out, **flags))
        captured = capsys.readouterr()
        return Outcome(exit_code, captured.out, captured.err, out / "version", out / "uri")

    return run
