"""The MLflow run and its model, which end with the step."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    LoggedModel,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
    Param,
    RunTag,
)

from pinion_step.lineage import release_tags
from pinion_step.tracking.descriptions import NOTE
from pinion_step.tracking.runs import ending, make_run
from train.tracking.results import Results

BATCH = 100  # parameters in one request
METRIC_BATCH = 800  # beside the parameters and the tag, of 1000 entities in one request

# Tags of a run beyond those of every step, and the environment variables that hold them.
FROM_ENVIRONMENT = {
    "mlflow.user": "USER",
    "mlflow.source.git.commit": "PINION_REVISION",
    "pinion.reproduces": "PINION_REPRODUCES",
}


@dataclass(frozen=True)
class Run:
    """An MLflow run, and the experiment that it is in."""

    client: MlflowClient
    experiment_id: str
    run_id: str

    def log_params(self, params: Mapping[str, str]) -> None:
        """Log parameters, in batches that every store takes."""
        entities = [Param(key, value) for key, value in params.items()]
        for start in range(0, len(entities), BATCH):
            self.client.log_batch(self.run_id, params=entities[start : start + BATCH])

    def log_results(self, results: Results, note: str, model_id: str, dataset: Dataset) -> None:
        """Log what a fit found, and the description; the model and its rows get the metrics too."""
        now = int(time.time() * 1000)
        metrics = [
            Metric(key, value, now, 0, model_id, dataset.name, dataset.digest)
            for key, value in results.metrics.items()
        ]
        for key, values in results.series.items():
            metrics += [Metric(key, value, now, step) for step, value in values.items()]
        params = [Param(key, value) for key, value in results.params.items()]
        tags = [RunTag(NOTE, note)]
        for start in range(0, len(metrics), METRIC_BATCH):
            part = metrics[start : start + METRIC_BATCH]
            self.client.log_batch(self.run_id, metrics=part, params=params, tags=tags)
            params, tags = [], []


def run_tags(source: str, sha256: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that name the data, the components' versions and the pipeline run.

    Raises `StepError` for a malformed PINION_COMPONENTS.
    """
    tags = {
        "mlflow.source.name": "train",
        "mlflow.source.type": "JOB",
        "pinion.dataset.source": source,
        "pinion.dataset.sha256": sha256,
        **{tag: environment.get(variable, "") for tag, variable in FROM_ENVIRONMENT.items()},
        **release_tags(environment),
    }
    return {key: value for key, value in tags.items() if value}


def model_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of a run that MLflow's page of its model shows too."""
    return {name: text for name, text in tags.items() if name.startswith("mlflow.source.")}


@contextmanager
def tracked_run(
    client: MlflowClient, experiment_id: str, name: str, tags: Mapping[str, str]
) -> Iterator[Run]:
    """Create a run, and end it."""
    run_id = make_run(client, experiment_id, name, tags)
    with ending(partial(client.set_terminated, run_id)):
        yield Run(client, experiment_id, run_id)


def make_model(
    run: Run, name: str, params: Mapping[str, str], tags: Mapping[str, str]
) -> LoggedModel:
    """Return a new model of the run; a second one, made when an answer was lost, fails."""
    model = run.client.create_logged_model(
        run.experiment_id, name, source_run_id=run.run_id, tags=dict(tags), params=dict(params)
    )
    mine = f"source_run_id = '{run.run_id}'"
    for other in run.client.search_logged_models([run.experiment_id], filter_string=mine):
        if other.model_id != model.model_id:
            run.client.finalize_logged_model(other.model_id, LoggedModelStatus.FAILED)
    return model


@contextmanager
def tracked_model(
    run: Run, name: str, params: Mapping[str, str], tags: Mapping[str, str]
) -> Iterator[LoggedModel]:
    """Create a model of the run that ends READY, or FAILED."""
    model = make_model(run, name, params, tags)
    run.client.log_outputs(run.run_id, [LoggedModelOutput(model.model_id, step=0)])

    def end(status: str) -> None:
        ended = LoggedModelStatus.READY if status == "FINISHED" else LoggedModelStatus.FAILED
        run.client.finalize_logged_model(model.model_id, ended)

    with ending(end):
        yield model
