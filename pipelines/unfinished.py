"""The MLflow runs that the steps of a run began and could not end, because they were killed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pipelines.errors import PinionError
from pipelines.model_registry import open_registry

# As `train` tags its runs.
_PIPELINE_RUN = "pinion.pipeline_run"
_NOTE = "pinion.note"
# It may be MLflow that failed, and there is a reason to be told.
_IMPATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}


def end_runs(tracking_uri: str, pipeline_run: str, note: str) -> None:
    """Ends as KILLED what is still RUNNING, with a note why; does without where MLflow fails."""
    with suppress(PinionError), _impatience(), open_registry(tracking_uri) as registry:
        client = registry.client
        for run in _running(client, pipeline_run):
            client.set_tag(run.info.run_id, _NOTE, note)
            client.set_terminated(run.info.run_id, "KILLED")
            _end_models(client, run)


def _running(client: Any, pipeline_run: str) -> list[Any]:
    experiments = [each.experiment_id for each in client.search_experiments()]
    wanted = f"tags.`{_PIPELINE_RUN}` = '{pipeline_run}' AND attributes.status = 'RUNNING'"
    found: list[Any] = client.search_runs(experiments, wanted)
    return found


def _end_models(client: Any, run: Any) -> None:
    from mlflow.entities import LoggedModelStatus

    wanted = f"source_run_id = '{run.info.run_id}'"
    for model in client.search_logged_models([run.info.experiment_id], wanted):
        if model.status == LoggedModelStatus.PENDING:
            client.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)


@contextmanager
def _impatience() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _IMPATIENCE}
    os.environ.update(_IMPATIENCE)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
