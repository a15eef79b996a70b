"""The parent of the step's run, if KFP's MLflow plugin made a run for the task.

The plugin makes an MLflow run for each run of a pipeline, and nested in it one for each task. It
tells the task's run to the step, as MLFLOW_RUN_ID, and writes the metrics and the end of that run
itself: the step must never resume it, and writes nothing into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from pinion_step.mlflow import answers, artifact_location, was_answered
from pinion_step.tracking.runs import find_experiment
from train.log import log
from train.options import DEFAULT_EXPERIMENT

PARENT = "mlflow.parentRunId"
# The plugin sets these tags on its run of the pipeline. The step's run gets them too, so that a
# search by the first finds both.
PIPELINE_RUN = "kfp.pipeline_run_id"
LINKS = (PIPELINE_RUN, "kfp.pipeline_run_url")
# The plugin nests up to six deep, one for each graph within another.
_DEEPEST = 10
_NOT_OURS = ("RESOURCE_DOES_NOT_EXIST", "PERMISSION_DENIED")


@dataclass(frozen=True)
class Parent:
    """The experiment of the plugin's run, and the tags that link a run with it."""

    experiment_id: str
    tags: Mapping[str, str]


def find_place(
    client: MlflowClient, experiment: str, environment: Mapping[str, str]
) -> tuple[str, dict[str, str]]:
    """Return the id of the step's experiment, and the tags that link its run with a parent.

    The run is in its parent's experiment, unless another than the default is asked for.
    """
    uri = client.tracking_uri
    with answers(uri, "the run of KFP's MLflow plugin"):
        parent = find_parent(client, environment)
    links = dict(parent.tags) if parent else {}
    if parent and experiment == DEFAULT_EXPERIMENT:
        return parent.experiment_id, links
    return find_experiment(client, experiment, artifact_location(uri)), links


def find_parent(client: MlflowClient, environment: Mapping[str, str]) -> Parent | None:
    """Return the task's run of KFP's plugin; None if the store has no such run.

    A run that MLFLOW_RUN_ID names for another reason has no ancestor with the plugin's tags.
    """
    task_run = environment.get("MLFLOW_RUN_ID", "").strip()
    found = _run(client, task_run)
    if task_run and not found:
        log(f"MLFLOW_RUN_ID: this MLflow has no run {task_run!r}; the run of this step is its own")
    above = found
    for _ in range(_DEEPEST):
        if not found or not above:
            return None
        if PIPELINE_RUN in above.data.tags:
            links = {name: above.data.tags[name] for name in LINKS if above.data.tags.get(name)}
            return Parent(found.info.experiment_id, {PARENT: task_run, **links})
        above = _run(client, above.data.tags.get(PARENT, ""))
    return None


def _run(client: MlflowClient, run_id: str) -> Run | None:
    if not run_id:
        return None
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if was_answered(error) and error.error_code in _NOT_OURS:
            return None
        raise
