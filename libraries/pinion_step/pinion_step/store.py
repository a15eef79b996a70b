"""Make sure that a tracking store exists, answers and has its tables.

MLflow itself repeats a call to a dead server for minutes, tries to open an unreadable SQLite file
for almost two minutes, and breaks a new SQLite file that several processes open at once. So the
address is tried here first, briefly. A missing SQLite store is created beside its place, by one
process, and then moved.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pinion_step.errors import StepError, one_line, reason
from pinion_step.mlflow import SQLITE, artifact_location, mask, quieten, sqlite_path

ANSWER_SECONDS = 5.0
# How long another process may hold an SQLite database before it counts as locked.
BUSY_SECONDS = 10.0
LOCK_SECONDS = 60


def prepare_store(uri: str) -> None:
    """Create the store of a resolved address if it is missing, and check it like `check_store`."""
    database = sqlite_path(uri)
    if database:
        try:
            if _is_missing(database):
                _make_store(database, uri)
        except OSError as error:
            raise _cannot_open(database, reason(error)) from error
    check_store(uri)


def check_store(uri: str) -> None:
    """Raise `StepError` unless the store of a resolved address answers and can be written to."""
    database = sqlite_path(uri)
    if database is None:
        _ask_server(uri)
    elif database.is_dir():
        raise StepError(f"the MLflow store {database} is a folder; name a file in it")
    elif not database.is_file():
        raise StepError(
            f"there is no MLflow store {database}; give --mlflow-tracking-uri the store that train"
            " wrote to"
        )
    else:
        _open_database(database)


def _ask_server(uri: str) -> None:
    import requests

    patience = min(ANSWER_SECONDS, _users_patience())
    where, advice = f"MLflow at {mask(uri)}", "is the server running there?"
    # A connection may be lost once, for example behind a proxy. A dead server refuses it at once.
    for last in (False, True):
        try:
            # Any answer will do; MLflow's own calls explain a wrong one.
            health = f"{uri}/health"
            requests.get(health, timeout=patience, allow_redirects=False, stream=True).close()
            return
        except requests.exceptions.SSLError:
            return  # only MLflow knows the user's settings for certificates
        except requests.exceptions.Timeout as error:
            raise StepError(f"{where} does not answer within {patience:g} s; {advice}") from error
        except (requests.exceptions.RequestException, ValueError) as error:  # no possible host
            if last:
                cause = one_line(mask(str(_cause(error))), 200)
                raise StepError(f"{where} cannot be reached; {advice} ({cause})") from error


def _users_patience() -> float:
    text = os.environ.get("MLFLOW_HTTP_REQUEST_TIMEOUT", "")
    return float(text) if text.isdigit() and int(text) else ANSWER_SECONDS


def _cause(error: BaseException) -> object:
    inner = error.args[0] if error.args else error
    return getattr(inner, "reason", inner)


def _is_missing(database: Path) -> bool:
    return not database.exists() or (database.is_file() and database.stat().st_size == 0)


def _open_database(database: Path) -> None:
    # SQLite would fail only at the first write, after half of the work. Its journal is a new file
    # in the folder.
    if not (os.access(database, os.W_OK) and os.access(database.parent, os.W_OK)):
        raise _cannot_open(database, "the file or its folder may not be written to")
    try:
        address = f"{database.as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            tables = connection.execute(
                "SELECT count(*) FROM sqlite_master WHERE name IN ('alembic_version', 'runs')"
            ).fetchone()[0]
            connection.rollback()
    except sqlite3.Error as error:
        raise _cannot_open(database, str(error)) from error
    if tables != 2:
        raise StepError(
            f"{database} is not an MLflow store, because its tables are missing; name another file"
        )


def _cannot_open(database: Path, why: str) -> StepError:
    return StepError(
        f"the MLflow store {database} cannot be opened: {why}; give another file, or free this one"
    )


def _make_store(database: Path, uri: str) -> None:
    database.parent.mkdir(parents=True, exist_ok=True)
    with _locked(database.with_name(f".{database.stem}.lock")):
        if not _is_missing(database):  # another process was first
            return
        fresh = database.with_name(f".{database.name}.new")
        # Only the holder of the lock works on this file, so a killed process has left it.
        _remove(fresh)
        try:
            _make_tables(fresh, artifact_location(uri) or "")
            os.replace(fresh, database)
        finally:
            _remove(fresh)


def _remove(database: Path) -> None:
    for file in database.parent.glob(f"{database.name}*"):
        file.unlink()


def _make_tables(database: Path, artifacts: str) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from sqlalchemy.exc import SQLAlchemyError

    quieten()
    try:
        # The client would do the same, but would keep the file open under its temporary name.
        SqlAlchemyStore(f"{SQLITE}{database}", artifacts).engine.dispose()
    except (MlflowException, SQLAlchemyError) as error:
        raise StepError(
            f"the MLflow store cannot be made in {database.parent}: {one_line(error, 400)}"
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
                    raise StepError(
                        f"another process has held {path} for {LOCK_SECONDS} s; end it"
                    ) from error
                time.sleep(0.1)
        yield
