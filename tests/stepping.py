"""Call single steps as a runner calls them, on inputs that earlier steps made."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus

from tests.programs import step
from tests.running import environment


def start(
    component: str, uri: str, variables: Mapping[str, str], **flags: object
) -> "subprocess.Popen[str]":
    """Start a step with the address of its MLflow and additional environment variables."""
    given = [f"--{name.replace('_', '-')}={value}" for name, value in flags.items()]
    return subprocess.Popen(
        [*step(component).command, *given, f"--mlflow-tracking-uri={uri}"],
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@dataclass(frozen=True)
class Steps:
    """A folder in which the three steps that use MLflow can be called on outputs of `preprocess`.

    Each step takes what the step before it left there.
    """

    folder: Path
    prepared: Path
    model_name: str = "pinion-model"
    experiment: str = ""

    def start(self, component: str, uri: str, **variables: str) -> "subprocess.Popen[str]":
        """Start a step."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return start(component, uri, variables, **self._flags(component))

    def _flags(self, component: str) -> dict[str, object]:
        here, prepared = self.folder, self.prepared
        if component == "train":
            return {
                "train_data": prepared / "preprocess" / "train_data",
                "schema": prepared / "preprocess" / "schema",
                "profile": prepared / "preprocess" / "profile",
                "model": "logistic_regression",
                "experiment": self.experiment,
                "trained_model": here / "model",
                "run_id": here / "run_id",
                "model_id": here / "model_id",
                "metrics": here / "cv_metrics",
            }
        if component == "evaluate":
            return {
                "model": here / "model",
                "test_data": prepared / "preprocess" / "test_data",
                "result": here / "result",
                "test_metrics": here / "test_metrics",
                "report": here / "report",
                "report_data": here / "report_data",
            }
        return {**registration(here), "registered_model_name": self.model_name}


def registration(folder: Path) -> dict[str, object]:
    """Return the flags of `register` for the model and the result in a folder."""
    return {
        "model": folder / "model",
        "evaluation": folder / "result",
        "model_version": folder / "version",
        "model_uri": folder / "uri",
    }


def passed_model(client: MlflowClient, experiment: str, folder: Path) -> Path:
    """Write what `register` reads of a model that passed and is in MLflow; return the folder."""
    run = client.create_run(experiment).info.run_id
    model = client.create_logged_model(experiment, "model", source_run_id=run).model_id
    client.finalize_logged_model(model, LoggedModelStatus.READY)
    client.set_terminated(run)
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "MLmodel").write_text(json.dumps({"model_id": model, "run_id": run}))
    check = {"metric": "r2", "value": 0.75, "threshold": 0.5, "greater_is_better": True}
    result = {"passed": True, "model_id": model, "run_id": run, "metrics": {"r2": 0.75}}
    document = {**result, "checks": [{**check, "passed": True}]}
    (folder / "result").write_text(json.dumps(document))
    return folder
