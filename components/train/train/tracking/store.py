"""Where MLflow is, and a store that is there, answers and has its tables.

MLflow itself repeats a call to a dead server for minutes, opens an unreadable SQLite file for
almost two, and breaks a fresh SQLite file that several processes open at once. So the address is
tried here first, briefly, and a missing SQLite store is made once, aside, and moved into place.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from train.errors import TrainError, WrongCallError, one_line

SQLITE = "sqlite:///"
ANSWER_SECONDS = 5
LOCK_SECONDS = 60


def resolve_tracking_uri(given: str, environment: Mapping[str, str]) -> str:
    """Return the flag's value, else that of the environment, else MLflow's own default.

    A relative SQLite path becomes absolute. Raises WrongCallError for any other kind of store.
    """
    uri = given.strip() or environment.get("MLFLOW_TRACKING_URI", "").strip()
    uri = uri or f"{SQLITE}mlflow.db"
    if _is_server(uri):
        return uri.rstrip("/")
    path, question, query = uri.removeprefix(SQLITE).partition("?")
    if not uri.startswith(SQLITE) or not path or path == ":memory:":
        raise WrongCallError(
            f"--mlflow-tracking-uri {hide_password(uri, uri)!r} is neither sqlite:///FILE nor "
            "http(s)://HOST; give one of these"
        )
    return f"{SQLITE}{Path(path).absolute()}{question}{query}"


def _is_server(uri: str) -> bool:
    try:
        address = urlsplit(uri)
        return uri.startswith(("http://", "https://")) and bool(address.hostname)
    except ValueError:  # such as a "[" that no "]" ends
        return False


def artifact_location(uri: str) -> str | None:
    """Return where a new experiment keeps its artifacts: beside an SQLite file, else None."""
    database = sqlite_path(uri)
    return (database.parent / "artifacts").as_uri() if database else None


def sqlite_path(uri: str) -> Path | None:
    """Return the file of a resolved SQLite address."""
    if not uri.startswith(SQLITE):
        return None
    return Path(uri.removeprefix(SQLITE).partition("?")[0])


def hide_password(text: str, uri: str) -> str:
    """Return the text without the name and password that the address may carry."""
    # Not by urlsplit, which refuses a malformed address: that one is shown too.
    found = re.search("//([^/]*@)", uri)
    return text.replace(found[1], "") if found else text


def prepare_store(uri: str) -> None:
    """Make sure that the store of a resolved address can be used; raises TrainError if not."""
    database = sqlite_path(uri)
    if database is None:
        _ask_server(uri)
        return
    try:
        if _is_missing(database):
            _make_store(database, uri)
        _open_store(database)
    except OSError as error:
        raise TrainError(
            f"the MLflow store {database} cannot be opened: {error.strerror or error}"
        ) from error


def quieten_mlflow() -> None:
    """Stop the logs of an imported MLflow: what it logs as an error, it also raises."""
    level = os.environ.get("MLFLOW_LOGGING_LEVEL", "CRITICAL")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(level)


def _ask_server(uri: str) -> None:
    import requests

    try:
        # Any answer will do: what it means, MLflow's own calls will say.
        requests.get(f"{uri}/health", timeout=ANSWER_SECONDS, allow_redirects=False, stream=True)
    except requests.exceptions.SSLError:
        return  # MLflow has its own settings for certificates
    except requests.exceptions.Timeout as error:
        raise TrainError(
            f"the MLflow server {hide_password(uri, uri)} does not answer within "
            f"{ANSWER_SECONDS} s; check the address"
        ) from error
    except (requests.exceptions.RequestException, ValueError) as error:  # no possible host
        raise TrainError(
            f"the MLflow server {hide_password(uri, uri)} cannot be reached "
            f"({one_line(_reason(error), 200)}); check the address and that it runs"
        ) from error


def _reason(error: BaseException) -> object:
    inner = error.args[0] if error.args else error
    return getattr(inner, "reason", inner)


def _is_missing(database: Path) -> bool:
    return not database.exists() or (database.is_file() and database.stat().st_size == 0)


def _open_store(database: Path) -> None:
    """Raise TrainError unless the file is an MLflow store that can be written to."""
    if database.is_dir():
        raise TrainError(f"the MLflow store {database} is a folder; name a file in it")
    try:
        with closing(_connect(database)) as connection:
            tables = connection.execute(
                "SELECT count(*) FROM sqlite_master WHERE name IN ('alembic_version', 'runs')"
            ).fetchone()[0]
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
    except sqlite3.Error as error:
        raise TrainError(
            f"the MLflow store {database} cannot be opened: {error}; give another file, or free "
            "this one"
        ) from error
    if tables != 2:
        raise TrainError(
            f"{database} is an SQLite file, but not a store of MLflow; name another file"
        )
    if not os.access(database.parent, os.W_OK):
        raise TrainError(f"the MLflow store {database} is in a folder that cannot be written to")


def _connect(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True, timeout=ANSWER_SECONDS)


def _make_store(database: Path, uri: str) -> None:
    database.parent.mkdir(parents=True, exist_ok=True)
    with _locked(database.with_name(f".{database.stem}.lock")):  # the local runner's lock too
        if not _is_missing(database):  # another process was first
            return
        fresh = database.with_name(f".{database.name}.{os.getpid()}.tmp")
        try:
            _make_tables(fresh, artifact_location(uri) or "")
            os.replace(fresh, database)
        finally:
            for rest in database.parent.glob(f"{fresh.name}*"):
                rest.unlink(missing_ok=True)


def _make_tables(database: Path, artifacts: str) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from sqlalchemy.exc import SQLAlchemyError

    quieten_mlflow()
    try:
        # The client would do the same, but keep the file open under its temporary name.
        SqlAlchemyStore(f"{SQLITE}{database}", artifacts).engine.dispose()
    except (MlflowException, SQLAlchemyError) as error:
        raise TrainError(
            f"the MLflow store cannot be made in {database.parent}: {one_line(error)}"
        ) from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise TrainError(
                        f"another process has held {path} for {LOCK_SECONDS} s; end it"
                    ) from error
                time.sleep(0.1)
        yield
