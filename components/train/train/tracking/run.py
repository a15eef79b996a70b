"""The MLflow run and its model, which end with the step."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from secrets import token_hex
from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModel,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
    Param,
)
from mlflow.exceptions import MlflowException
from mlflow.types import Schema as ColumnSchema
from requests import RequestException
from sqlalchemy.exc import SQLAlchemyError

from pinion_step.formats.profile import Profile, to_json
from pinion_step.lineage import release_tags
from pinion_step.tracking.runs import ending, make_run

BATCH = 100  # parameters in one request
DIGEST_LENGTH = 32  # a store takes up to 36 characters

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

    def log_metrics(self, metrics: Mapping[str, float], model_id: str) -> None:
        """Log metrics to the run and to its model."""
        now = int(time.time() * 1000)
        entities = [Metric(key, value, now, 0, model_id) for key, value in metrics.items()]
        self.client.log_batch(self.run_id, metrics=entities)

    def log_dataset(self, source: str, profile: Profile, columns: ColumnSchema, rows: int) -> None:
        """Log where the rows came from, as the run's training dataset, and the profile."""
        self.client.log_text(self.run_id, to_json(profile), "profile.json")
        tag = InputTag("mlflow.data.context", "training")
        inputs = [DatasetInput(describe_dataset(source, profile.dataset, columns, rows), [tag])]
        try:
            self.client.log_inputs(self.run_id, inputs)
        except (MlflowException, SQLAlchemyError) as error:
            if isinstance(error.__context__, RequestException):
                raise  # the server does not answer
            # Another run inserted the row of the same table at the same time; now it exists.
            self.client.log_inputs(self.run_id, inputs)


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


@contextmanager
def tracked_run(
    client: MlflowClient, experiment_id: str, model: str, tags: Mapping[str, str]
) -> Iterator[Run]:
    """Create a run, named after its model, and end it."""
    run_id = make_run(client, experiment_id, f"{model}-{token_hex(4)}", tags)
    with ending(partial(client.set_terminated, run_id)):
        yield Run(client, experiment_id, run_id)


def make_model(run: Run, name: str, params: Mapping[str, str]) -> LoggedModel:
    """Return a new model of the run; a second one, made when an answer was lost, fails."""
    model = run.client.create_logged_model(
        run.experiment_id, name, source_run_id=run.run_id, params=dict(params)
    )
    mine = f"source_run_id = '{run.run_id}'"
    for other in run.client.search_logged_models([run.experiment_id], filter_string=mine):
        if other.model_id != model.model_id:
            run.client.finalize_logged_model(other.model_id, LoggedModelStatus.FAILED)
    return model


@contextmanager
def tracked_model(run: Run, name: str, params: Mapping[str, str]) -> Iterator[LoggedModel]:
    """Create a model of the run that ends READY, or FAILED."""
    model = make_model(run, name, params)
    run.client.log_outputs(run.run_id, [LoggedModelOutput(model.model_id, step=0)])

    def end(status: str) -> None:
        ended = LoggedModelStatus.READY if status == "FINISHED" else LoggedModelStatus.FAILED
        run.client.finalize_logged_model(model.model_id, ended)

    with ending(end):
        yield model


def describe_dataset(source: str, sha256: str, columns: ColumnSchema, rows: int) -> Dataset:
    """Return MLflow's record of the dataset, named by the last part of its source."""
    address = urlsplit(source)
    is_http = address.scheme in ("http", "https")
    return Dataset(
        name=PurePosixPath(address.path).name or "dataset",
        digest=sha256[:DIGEST_LENGTH] or "unknown",
        source_type="http" if is_http else "local",
        source=json.dumps({"url" if is_http else "uri": source}),
        schema=json.dumps({"mlflow_colspec": columns.to_dict()}),
        profile=json.dumps({"num_rows": rows, "num_elements": rows * len(columns.inputs)}),
    )
