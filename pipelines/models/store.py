"""Find and check the local MLflow store: one SQLite file, with the artifacts beside it.

The first step that needs the store makes it (`pinion_step.store`), because it has imported MLflow
anyway. Making it here took 2 of the 12 seconds of a run in a new folder.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

from pipelines.system.errors import PinionError

SQLITE = "sqlite:///"


def local_store(folder: Path) -> str:
    """Return the tracking URI of the store in a folder; raise `PinionError` if it cannot be one."""
    database = folder.resolve() / "mlflow.db"
    # MLflow decodes the path like that of a URL, and would try for minutes to open another file.
    if "?" in str(database) or unquote(str(database)) != str(database):
        raise PinionError(
            f"the MLflow store cannot be in {folder}: MLflow reads '?', and '%' before two digits,"
            " as parts of a URL; give another folder (--output)"
        )
    if database.exists():
        probe(database)
    return f"{SQLITE}{database}"


def sqlite_file(uri: str) -> Path | None:
    """Return the file of a store in SQLite; None if the store is on a server."""
    if not uri.startswith(SQLITE):
        return None
    return Path(uri.removeprefix(SQLITE).partition("?")[0]).absolute()


def probe(database: Path) -> None:
    """Raise `PinionError` if a file is missing or is not a database."""
    # MLflow would try for minutes to open such a file.
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.Error as error:
        raise PinionError(f"the MLflow store {database} cannot be opened: {error}") from error
