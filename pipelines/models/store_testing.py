"""Copy one MLflow store for all tests, because MLflow's migrations take longer than most tests."""

import logging
import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

from pipelines.models.store import SQLITE, local_store


def made_store(folder: Path) -> str:
    """Return the tracking URI of a store in a folder, equal to one that `train` makes."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder.resolve() / "mlflow.db"
    database.write_bytes(_empty())
    with closing(sqlite3.connect(database)) as connection, connection:
        location = f"{(folder.resolve() / 'artifacts').as_uri()}/0"
        connection.execute("UPDATE experiments SET artifact_location = ?", (location,))
    return local_store(folder)


@cache
def _empty() -> bytes:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    # MLflow logs every table that it creates.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "mlflow.db"
        SqlAlchemyStore(f"{SQLITE}{database}", folder).engine.dispose()
        return database.read_bytes()
