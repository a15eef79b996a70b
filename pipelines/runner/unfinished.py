"""End the MLflow runs and models of steps that were killed or lost their connection to MLflow.

If the runner itself is killed, the next run in the same folder does it: each run keeps a mark and
holds its lock, so that a mark whose lock is free belongs to a killed run.
"""

import fcntl
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pipelines.models.registry import open_registry
from pipelines.models.store import sqlite_file
from pipelines.runner.task.backend import MARKS
from pipelines.system.connections import without_secrets
from pipelines.system.errors import PinionError
from pipelines.system.variables import set_for_a_while

# As `train` tags its runs.
_PIPELINE_RUN = "pinion.pipeline_run"
# MLflow itself may have failed, and the user waits for the reason.
_IMPATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}


@contextmanager
def ended(folder: Path, tracking_uri: str) -> Iterator[None]:
    """End the MLflow runs that killed runs left open, and those of the block if it fails.

    `folder` is the folder of the run. If MLflow fails, a later run ends them.
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


def goes_on(folder: Path) -> bool:
    """Return whether the runner of a run lives, or may: on another machine, locks do not tell."""
    try:
        with (folder.parent / MARKS / folder.name).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            about = lock.read()
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    # A run writes its mark before its page, so an empty one is of no run that has a page.
    return bool(about) and f'["{socket.gethostname()}"' not in about


def _about(tracking_uri: str) -> str:
    # With the name of the machine, because not every shared folder shares locks.
    return json.dumps([socket.gethostname(), without_secrets(tracking_uri)])


def _end_abandoned(marks: Path, tracking_uri: str) -> None:
    note = "its pipeline run was killed, or could not reach MLflow when it failed"
    for mark in marks.iterdir():
        # Its run may just have ended, or it is not over and holds the lock.
        with suppress(FileNotFoundError, BlockingIOError), mark.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # An empty mark belongs to a run that has not locked it yet.
            if lock.read() == _about(tracking_uri) and _end_runs(tracking_uri, mark.name, note):
                _remove(mark)


def _remove(mark: Path) -> None:
    # An error of the folder was reported earlier, and a later run finds the mark.
    with suppress(OSError):
        mark.unlink()


def _end_runs(tracking_uri: str, pipeline_run: str, note: str) -> bool:
    """End RUNNING runs as KILLED, with a note why; return whether MLflow answered.

    Their models are ended too: a step may have ended its run, but not its model.
    """
    database = sqlite_file(tracking_uri)
    if database and not database.exists():
        # No step got as far as making the store.
        return True
    try:
        with open_registry(tracking_uri) as registry:
            client = registry.client
            # The runs of steps come first, before the child runs that they started.
            for run in client.search_runs(
                [each.experiment_id for each in client.search_experiments()],
                f"tags.`{_PIPELINE_RUN}` = '{pipeline_run}' AND attributes.status != 'FINISHED'",
                order_by=["attributes.start_time ASC"],
            ):
                if run.info.status == "RUNNING":
                    client.set_tag(run.info.run_id, "pinion.note", note)
                    client.set_terminated(run.info.run_id, "KILLED")
                # The trials of a search have no models, and there may be many.
                if "mlflow.parentRunId" not in run.data.tags:
                    _end_models(client, run)
    except PinionError:
        return False
    return True


def _end_models(client: Any, run: Any) -> None:
    from mlflow.entities import LoggedModelStatus

    for model in client.search_logged_models(
        [run.info.experiment_id], f"source_run_id = '{run.info.run_id}'"
    ):
        if model.status == LoggedModelStatus.PENDING:
            client.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)
