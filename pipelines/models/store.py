"""The local MLflow store: one SQLite file, with the artifacts beside it."""

import fcntl
import logging
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from urllib.parse import unquote

from pipelines.system.errors import PinionError


def local_store(folder: Path) -> str:
    """The tracking URI of the store in a folder; the store is made where there is none.

    MLflow breaks a fresh SQLite file that several processes open at once, so that it is made under
    another name, under a lock, and moved into its place with its tables in it.
    """
    database = folder.resolve() / "mlflow.db"
    # MLflow reads a path as that of a URL, and tries for minutes to open another.
    if "?" in str(database) or unquote(str(database)) != str(database):
        raise PinionError(
            f"the MLflow store cannot be in {folder}: a '?' or a '%' with two digits means another"
            " place to MLflow; give another folder (--output)"
        )
    folder.mkdir(parents=True, exist_ok=True)
    if not database.exists():
        with (folder / ".mlflow.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not database.exists():
                _make(database)
    probe(database)
    return f"sqlite:///{database}"


def _make(database: Path) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from sqlalchemy.exc import SQLAlchemyError

    for left_by_a_kill in database.parent.glob(".mlflow.*/"):
        shutil.rmtree(left_by_a_kill)
    # It tells of every table that it makes.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    artifacts = database.parent / "artifacts"
    with tempfile.TemporaryDirectory(dir=database.parent, prefix=".mlflow.") as folder:
        partial = Path(folder) / "mlflow.db"
        try:
            SqlAlchemyStore(f"sqlite:///{partial}", artifacts.as_uri()).engine.dispose()
        except (MlflowException, SQLAlchemyError) as error:
            reason = str(error).partition("\n")[0]
            raise PinionError(f"the MLflow store {database} cannot be made: {reason}") from error
        os.replace(partial, database)


def probe(database: Path) -> None:
    """Raises `PinionError` for a file that is no database, or is not there."""
    # MLflow would try for minutes to open what is no database.
    try:
        connection = sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master")
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise PinionError(f"the MLflow store {database} cannot be opened: {error}") from error
