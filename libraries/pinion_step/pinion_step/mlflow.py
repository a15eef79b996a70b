"""MLflow: its address, its client, and the meaning of its errors.

MLflow takes seconds to import, so it is imported where it is used.
"""

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pinion_step.errors import StepError, WrongCallError, one_line
from pinion_step.libraries import steer_libraries

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

SQLITE = "sqlite:///"


def resolve_uri(given: str, environ: Mapping[str, str]) -> str:
    """Return the flag's value, else that of the environment, else MLflow's own default.

    A relative SQLite path becomes absolute. Raises `WrongCallError` for any other kind of store:
    MLflow takes an unknown address for a folder, where it no longer keeps models, and other
    databases need drivers that no step has.
    """
    uri = given.strip() or environ.get("MLFLOW_TRACKING_URI", "").strip()
    uri = uri or f"{SQLITE}mlflow.db"
    if _is_server(uri):
        return uri.rstrip("/")
    path, question, query = uri.removeprefix(SQLITE).partition("?")
    if not uri.startswith(SQLITE) or not path or path == ":memory:":
        raise WrongCallError(
            f"--mlflow-tracking-uri: {mask(uri)!r} is not an address that a step can use; give"
            " sqlite:///FILE or http(s)://HOST"
        )
    return f"{SQLITE}{Path(path).absolute()}{question}{query}"


def artifact_location(uri: str) -> str | None:
    """Return where a new experiment keeps its artifacts: beside an SQLite file, else None."""
    database = sqlite_path(uri)
    return (database.parent / "artifacts").as_uri() if database else None


def mask(text: str) -> str:
    """Return the text without the users and passwords of the addresses in it."""
    return re.sub(r"//[^/\s]*@", "//***@", text)  # to the last @, which a password may hold


def connect(uri: str) -> "MlflowClient":
    """Return a client of a resolved address."""
    steer_libraries()
    import mlflow

    quieten()
    mlflow.set_tracking_uri(uri)
    return mlflow.MlflowClient()


def quieten() -> None:
    """Silence the logs of an imported MLflow, which also raises the errors that it logs."""
    level = os.environ.get("MLFLOW_LOGGING_LEVEL", "CRITICAL")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(level)


@contextmanager
def answers(uri: str, wanted: str) -> Iterator[None]:
    """Turn errors of MLflow and its store into a `StepError` that names address and request."""
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except MlflowException as error:
        raise StepError(explain(uri, wanted, error)) from error
    except (SQLAlchemyError, RequestException) as error:
        # MLflow lets a RequestException of a refused or broken upload through.
        raise StepError(
            f"MLflow at {mask(uri)} failed on {wanted}: {one_line(mask(str(error)), 400)}"
        ) from error


def explain(uri: str, wanted: str, error: "MlflowException") -> str:
    """Return what an error of MLflow means for what was `wanted`, such as `the run 3f2a`."""
    where, status = f"MLflow at {mask(uri)}", error.get_http_status_code()
    # The statement and its parameters follow.
    said = mask(one_line(error)).partition(" [SQL:")[0]
    if error.error_code == "RESOURCE_DOES_NOT_EXIST":
        return f"{where} does not have {wanted}; give the tracking URI that train used ({said})"
    if status == 401:
        return (
            f"{where} does not know you (401); set MLFLOW_TRACKING_USERNAME and "
            f"MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN ({said})"
        )
    if status == 403:
        return f"{where} refuses access (403); ask for the rights to {wanted} ({said})"
    if "Max retries exceeded" in said or "timeout exception" in said:
        cause = said.partition("Caused by ")[2] or said
        return f"{where} cannot be reached; is the server running there? ({cause[:200]})"
    return f"{where} failed on {wanted}: {said[:400]}"


@contextmanager
def ignoring(harmless: "Callable[[MlflowException], bool]") -> Iterator[None]:
    """Ignore an error that is the store's answer, and that is harmless."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if not was_answered(error) or not harmless(error):
            raise


def was_answered(error: "MlflowException") -> bool:
    """Return whether the error is the store's answer, and not that it did not answer in time."""
    # The errors of requests are OSErrors.
    return not isinstance(error.__context__, OSError)


def _is_server(uri: str) -> bool:
    try:
        address = urlsplit(uri)
        return uri.startswith(("http://", "https://")) and bool(address.hostname)
    except ValueError:  # such as a "[" that no "]" ends
        return False


def sqlite_path(uri: str) -> Path | None:
    """Return the file of a resolved SQLite address."""
    if not uri.startswith(SQLITE):
        return None
    return Path(uri.removeprefix(SQLITE).partition("?")[0])
