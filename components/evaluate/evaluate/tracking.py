"""MLflow: the run a model came from, and the verdict recorded in it.

MLflow takes seconds to import, so it is imported where it is used. Its client waits for minutes
for a server that is down and for an SQLite file that cannot be opened; both are looked at first.
"""

import logging
import os
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from evaluate.errors import WRONG_CALL, EvaluateError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

# MLflow's own default; written out, as MLflow would make the file.
DEFAULT_TRACKING_URI = "sqlite:///mlflow.db"
_SQLITE = "sqlite:///"

# How long another process may hold an SQLite database before it counts as locked.
_BUSY_SECONDS = 10.0

# A server may ask to be left alone for an hour.
_IMPATIENT = {"MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false"}
# For the first call, which finds out in about 10 s that nobody answers, and for those behind it,
# each of which takes 100 s at most.
_FIRST_CALL = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    **_IMPATIENT,
}
_LATER_CALLS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    **_IMPATIENT,
}


def tracking_uri(given: str, environ: Mapping[str, str]) -> str:
    """The flag, else MLFLOW_TRACKING_URI, else MLflow's own default in the working folder."""
    return given or environ.get("MLFLOW_TRACKING_URI", "") or DEFAULT_TRACKING_URI


def open_run(uri: str, run_id: str, model_id: str) -> "MlflowClient":
    """Connects to the store and makes sure that it holds the run and the model."""
    _check_address(uri)
    # A step calls home to nobody; the variable is read when MLflow is imported.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    with _errors(uri, f"the run {run_id} of the model"), _environment(_FIRST_CALL):
        import mlflow

        # What MLflow logs as an error, with a traceback, it raises too.
        logging.getLogger("mlflow").setLevel(logging.CRITICAL)
        mlflow.set_tracking_uri(uri)
        client = mlflow.MlflowClient()
        client.get_run(run_id)
    with asking(uri, f"the model {model_id}"):
        client.get_logged_model(model_id)
    return client


@contextmanager
def asking(uri: str, wanted: str) -> Iterator[None]:
    """For calls behind the first one: the client's patience, and EvaluateError for what fails."""
    with _errors(uri, wanted), _environment(_LATER_CALLS):
        yield


def record(
    client: "MlflowClient",
    run_id: str,
    model_id: str,
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
) -> None:
    """Adds `test_<metric>` to the run and its model, and tags to the run."""
    from mlflow.entities import Metric, RunTag

    now = int(time.time() * 1000)
    with asking(client.tracking_uri, f"the run {run_id}"):
        client.log_batch(
            run_id,
            metrics=[
                Metric(f"test_{name}", value, now, 0, model_id=model_id)
                for name, value in sorted(metrics.items())
            ],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )


def run_parameters(client: "MlflowClient", run_id: str) -> dict[str, str]:
    """What the run says that the model was trained with."""
    with asking(client.tracking_uri, f"the run {run_id}"):
        return dict(client.get_run(run_id).data.params)


def log_files(client: "MlflowClient", run_id: str, files: Mapping[str, str]) -> None:
    """Adds texts to the run's artifacts, by their paths there."""
    with asking(client.tracking_uri, f"the artifacts of the run {run_id}"):
        for path, text in files.items():
            client.log_text(run_id, text, path)


def _check_address(uri: str) -> None:
    if _is_server(uri):
        return
    database = uri.removeprefix(_SQLITE).partition("?")[0]
    # MLflow takes what it does not know for folders, where it keeps no models any more, and for
    # other databases it needs drivers that this step does not bring.
    if not uri.startswith(_SQLITE) or database in ("", ":memory:"):
        raise EvaluateError(
            f"the MLflow tracking URI {masked(uri)!r} is not possible; "
            "give sqlite:///FILE or http(s)://HOST",
            WRONG_CALL,
        )
    _probe_sqlite(uri, Path(database))


def _is_server(uri: str) -> bool:
    try:
        address = urlsplit(uri)
        return uri.startswith(("http://", "https://")) and bool(address.hostname)
    except ValueError:  # such as a "[" that no "]" ends
        return False


def _probe_sqlite(uri: str, path: Path) -> None:
    """Opens the database for writing, without making it."""
    advice = "give --mlflow-tracking-uri the store that train wrote to"
    if not path.is_file():
        raise EvaluateError(
            f"there is no MLflow database file {str(path)!r} (from {uri}); {advice}"
        )
    # SQLite itself finds out at the first write, with half of the work done. Its journal is a new
    # file in the folder.
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        raise EvaluateError(
            f"the MLflow database {path} may not be written to; "
            "give this step the right to write the file and its folder"
        )
    try:
        address = f"file:{quote(str(path))}?mode=rw"
        with closing(sqlite3.connect(address, timeout=_BUSY_SECONDS, uri=True)) as database:
            database.execute("BEGIN IMMEDIATE")
            tables = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchall()
            database.rollback()
    except sqlite3.Error as error:
        raise EvaluateError(
            f"the MLflow database {path} cannot be used: {error}; {advice}"
        ) from error
    if not tables:
        raise EvaluateError(f"the file {path} is no MLflow database, as it has no runs; {advice}")


@contextmanager
def _errors(uri: str, wanted: str) -> Iterator[None]:
    """Turns what MLflow raises into an EvaluateError that says what was asked of whom."""
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except MlflowException as error:
        raise EvaluateError(_explain(uri, wanted, error)) from error
    except (SQLAlchemyError, RequestException) as error:
        # The second is what MLflow lets through of a refused or broken upload.
        raise EvaluateError(
            f"MLflow at {masked(uri)} cannot be used: {masked(str(error))}"
        ) from error


def _explain(uri: str, wanted: str, error: "MlflowException") -> str:
    where, status = f"MLflow at {masked(uri)}", error.get_http_status_code()
    # What follows is the statement and its parameters.
    said = masked(" ".join(str(error).split())).partition(" [SQL:")[0]
    if error.error_code == "RESOURCE_DOES_NOT_EXIST":
        return f"{where} does not have {wanted}; give the tracking URI that train used ({said})"
    if status == 401:
        return (
            f"{where} does not know who asks (401); set MLFLOW_TRACKING_TOKEN, or "
            f"MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD ({said})"
        )
    if status == 403:
        return f"{where} refuses access (403); ask for the rights to {wanted} ({said})"
    if "Max retries exceeded" in said or "timeout exception" in said:
        cause = said.partition("Caused by ")[2] or said
        return f"{where} cannot be reached; is the server running there? ({cause[:200]})"
    return f"{where} failed on {wanted}: {said[:400]}"


def masked(text: str) -> str:
    """The text without the users and passwords of the addresses in it."""
    return re.sub(r"//[^/\s]*@", "//***@", text)  # to the last @, which a password may hold


@contextmanager
def _environment(defaults: Mapping[str, str]) -> Iterator[None]:
    """Sets the variables that the user's environment does not set, for the length of the body."""
    added = {name: value for name, value in defaults.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
