"""MLflow: the run that a model came from, and the verdict recorded in it."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pinion_step.mlflow import answers, connect
from pinion_step.store import check_store

if TYPE_CHECKING:
    from mlflow import MlflowClient


def open_run(uri: str, run_id: str, model_id: str) -> tuple["MlflowClient", dict[str, str]]:
    """Connect to the store, and return the parameters of the model's run too.

    Raises `StepError` unless the store holds the run and the model.
    """
    check_store(uri)
    client = connect(uri)
    with answers(uri, f"the run {run_id} of the model"):
        parameters = client.get_run(run_id).data.params
    with answers(uri, f"the model {model_id}"):
        client.get_logged_model(model_id)
    return client, parameters


def record(
    client: "MlflowClient",
    run_id: str,
    model_id: str,
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
) -> None:
    """Add `test_<metric>` to the run and its model, and the tags to the run."""
    from mlflow.entities import Metric, RunTag

    now = int(time.time() * 1000)
    with answers(client.tracking_uri, f"the run {run_id}"):
        client.log_batch(
            run_id,
            metrics=[
                Metric(f"test_{name}", value, now, 0, model_id=model_id)
                for name, value in sorted(metrics.items())
            ],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )


def log_files(client: "MlflowClient", run_id: str, files: Mapping[str, str]) -> None:
    """Add texts to the run's artifacts, under the given paths."""
    with answers(client.tracking_uri, f"the artifacts of the run {run_id}"):
        for path, text in files.items():
            client.log_text(run_id, text, path)
