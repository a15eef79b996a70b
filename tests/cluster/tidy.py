"""Remove what a walk made, in KFP and in MLflow; the published images stay in the registry."""

import sys
from typing import Any

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from pipelines.kubeflow.runs import find_experiment
from pipelines.system.errors import PinionError
from tests.cluster.scene import Scene


def tidy(scene: Scene) -> None:
    """Remove runs, experiments and models of the walk; say what could not be removed."""
    for what, remove in (("KFP", _tidy_kfp), ("MLflow", _tidy_mlflow)):
        try:
            remove(scene)
        except (PinionError, MlflowException) as error:
            told = " ".join(str(error).split())
            print(f"{scene.name} could not be removed from {what}: {told}", file=sys.stderr)


def _tidy_kfp(scene: Scene) -> None:
    api, namespace = scene.place.connect()
    experiment = find_experiment(api, scene.name, namespace)
    if not experiment:
        return
    runs: list[Any] = list(
        api.pages(api.runs.run_service_list_runs, "runs", experiment_id=experiment)
    )
    for run in runs:
        api.persist(api.runs.run_service_delete_run, run_id=run.run_id)
    delete = api.experiments.experiment_service_delete_experiment
    api.persist(delete, experiment_id=experiment)


def _tidy_mlflow(scene: Scene) -> None:
    client = MlflowClient(scene.place.mlflow_here)
    if client.search_registered_models(f"name = '{scene.name}'"):
        client.delete_registered_model(scene.name)
    if experiment := client.get_experiment_by_name(scene.name):
        client.delete_experiment(experiment.experiment_id)
