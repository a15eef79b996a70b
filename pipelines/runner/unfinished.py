"""The MLflow runs and models that steps began and could not end: killed, or without MLflow.

The runner ends them in their place. Where it is killed itself, the next run beside it does: each
keeps a mark that it holds the lock of, and a mark whose lock is free was left by a kill.
"""

import fcntl
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pipelines.models.registry import open_registry
from pipelines.runner.task.layout import MARKS
from pipelines.system.errors import PinionError
from pipelines.system.urls import without_secrets
from pipelines.system.variables import set_for_a_while

# As `train` tags its runs.
_PIPELINE_RUN = "pinion.pipeline_run"
_NOTE = "pinion.note"
_PARENT = "mlflow.parentRunId"
# It may be MLflow that failed, and there is a reason to be told.
_IMPATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}


@contextmanager
def ended(folder: Path, tracking_uri: str) -> Iterator[None]:
    """Ends the MLflow runs that the body leaves where it fails, and those that killed runs left.

    `folder` is the run's. Where MLflow fails, a later run is to do it.
    """
    marks, note = folder.parent / MARKS, ""
    marks.mkdir(exist_ok=True)
    _end_abandoned(marks, tracking_uri)
    mark = marks / folder.name
    with mark.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(_about(tracking_uri))
        lock.flush()
        try:
            yield
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt)
            note = "its pipeline run was stopped" if stopped else str(error) or repr(error)
            raise
        finally:
            with set_for_a_while(_IMPATIENCE):
                if not note or _end_runs(tracking_uri, folder.name, note):
                    _remove(mark)


def _about(tracking_uri: str) -> str:
    # The name of the machine, as not every shared folder has the locks of another one.
    return json.dumps([socket.gethostname(), without_secrets(tracking_uri)])


def _end_abandoned(marks: Path, tracking_uri: str) -> None:
    note = "its pipeline run was killed, or did not reach MLflow when it failed"
    for mark in marks.iterdir():
        try:
            lock = mark.open()
        except FileNotFoundError:
            # Another run just ended.
            continue
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            # One that is empty still waits for its own lock.
            ours = lock.read() == _about(tracking_uri)
            if ours and _end_runs(tracking_uri, mark.name, note):
                _remove(mark)


def _remove(mark: Path) -> None:
    # What is wrong with the folder is said already, and a later run finds it.
    with suppress(OSError):
        mark.unlink()


def _end_runs(tracking_uri: str, pipeline_run: str, note: str) -> bool:
    """Ends as KILLED what is still RUNNING, with a note why; whether MLflow could be asked.

    Of a step that said that its run failed, MLflow may not have heard the same of its model.
    """
    try:
        with open_registry(tracking_uri) as registry:
            client = registry.client
            for run in _unfinished(client, pipeline_run):
                if run.info.status == "RUNNING":
                    client.set_tag(run.info.run_id, _NOTE, note)
                    client.set_terminated(run.info.run_id, "KILLED")
                # Trials of a search, which have no models, may be many.
                if _PARENT not in run.data.tags:
                    _end_models(client, run)
    except PinionError:
        return False
    return True


def _unfinished(client: Any, pipeline_run: str) -> list[Any]:
    experiments = [each.experiment_id for each in client.search_experiments()]
    wanted = f"tags.`{_PIPELINE_RUN}` = '{pipeline_run}' AND attributes.status != 'FINISHED'"
    # The first are those of steps, before what they began in turn.
    found: list[Any] = client.search_runs(
        experiments, wanted, order_by=["attributes.start_time ASC"]
    )
    return found


def _end_models(client: Any, run: Any) -> None:
    from mlflow.entities import LoggedModelStatus

    wanted = f"source_run_id = '{run.info.run_id}'"
    for model in client.search_logged_models([run.info.experiment_id], wanted):
        if model.status == LoggedModelStatus.PENDING:
            client.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)
