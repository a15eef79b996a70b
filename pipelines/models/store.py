"""Create and check the local MLflow store: one SQLite file, with the artifacts beside it."""

import fcntl
import logging
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

from pipelines.system.errors import PinionError


def local_store(folder: Path) -> str:
    """Return the tracking URI of the store in a folder, and create the store if necessary.

    MLflow corrupts a new SQLite file if several processes open it at once. So the file is created
    under another name, under a lock, and renamed once its tables exist.
    """
    database = folder.resolve() / "mlflow.db"
    # MLflow decodes the path like that of a URL, and would try for minutes to open another file.
    if "?" in str(database) or unquote(str(database)) != str(database):
        raise PinionError(
            f"the MLflow store cannot be in {folder}: MLflow reads '?', and '%' before two digits,"
            " as parts of a URL; give another folder (--output)"
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

    for remains in database.parent.glob(".mlflow.*/"):
        shutil.rmtree(remains)
    # MLflow logs every table that it creates.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory(dir=database.parent, prefix=".mlflow.") as folder:
        partial = Path(folder) / "mlflow.db"
        try:
            SqlAlchemyStore(
                f"sqlite:///{partial}", (database.parent / "artifacts").as_uri()
            ).engine.dispose()
        except (MlflowException, SQLAlchemyError) as error:
            reason = str(error).partition("\n")[0]
            raise PinionError(f"the MLflow store {database} cannot be created: {reason}") from error
        os.replace(partial, database)


def probe(database: Path) -> None:
    """Raise `PinionError` if a file is missing or is not a database."""
    # MLflow would try for minutes to open such a file.
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.Error as error:
        raise PinionError(f"the MLflow store {database} cannot be opened: {error}") from error
