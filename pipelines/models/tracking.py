"""Check in an MLflow store what a task left there, before a cached result is used."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pipelines.models.registry import ModelRegistry, found, open_registry

_SQLITE = "sqlite:///"


@contextmanager
def open_tracking(uri: str) -> Iterator["Tracking"]:
    """Open a store; raise `PinionError` or `sqlite3.Error` if it cannot be queried."""
    if not uri.startswith(_SQLITE):
        with open_registry(uri) as registry:
            yield Server(registry)
        return
    database = Path(uri.removeprefix(_SQLITE).partition("?")[0]).absolute()
    # A missing database is empty, and a query must not create it.
    address = f"{database.as_uri()}?mode=ro" if database.is_file() else ":memory:"
    with closing(sqlite3.connect(address, timeout=30, uri=True)) as connection:
        yield Database(connection)


@dataclass(frozen=True)
class Server:
    """A store that is queried with MLflow's own client."""

    registry: ModelRegistry

    def tags(self, run_id: str) -> Mapping[str, str] | None:
        """Return the tags of a run; None if it does not exist or was deleted."""
        run = found(lambda: self.registry.client.get_run(run_id))
        return run.data.tags if run and run.info.lifecycle_stage == "active" else None

    def has_model(self, model_id: str) -> bool:
        """Return whether a logged model exists and is complete."""
        model = found(lambda: self.registry.client.get_logged_model(model_id))
        return bool(model and model.status == "READY")

    def has_version(self, name: str, version: int) -> bool:
        """Return whether a registered model has a version."""
        made = found(lambda: self.registry.client.get_model_version(name, str(version)))
        return bool(made and made.status == "READY")

    def alias_at(self, name: str, alias: str) -> int | None:
        """Return the version of an alias; None if there is no such alias."""
        model = found(lambda: self.registry.client.get_registered_model(name))
        return int(model.aliases[alias]) if model and alias in model.aliases else None


@dataclass(frozen=True)
class Database:
    """A local store that is queried with SQL, one query for each question to a `Server`.

    Importing MLflow takes 0.7 to 1 s, longer than a whole run whose steps are all cached.
    """

    connection: sqlite3.Connection

    def tags(self, run_id: str) -> Mapping[str, str] | None:
        """Return the tags of a run; None if it does not exist or was deleted."""
        rows = self._rows(
            "SELECT key, value FROM runs LEFT JOIN tags USING (run_uuid)"
            " WHERE run_uuid = ? AND lifecycle_stage = 'active'",
            run_id,
        )
        return dict(rows) if rows else None

    def has_model(self, model_id: str) -> bool:
        """Return whether a logged model exists and is complete."""
        rows = self._rows(
            "SELECT artifact_location FROM logged_models"
            # That is how MLflow stores READY.
            " WHERE model_id = ? AND status = 2 AND lifecycle_stage = 'active'",
            model_id,
        )
        places = [urlsplit(location) for (location,) in rows]
        return any(each.scheme != "file" or Path(unquote(each.path)).exists() for each in places)

    def has_version(self, name: str, version: int) -> bool:
        """Return whether a registered model has a version."""
        return bool(
            self._rows(
                "SELECT 1 FROM model_versions"
                " WHERE name = ? AND version = ? AND current_stage != 'Deleted_Internal'",
                name,
                version,
            )
        )

    def alias_at(self, name: str, alias: str) -> int | None:
        """Return the version of an alias; None if there is no such alias."""
        rows = self._rows(
            "SELECT version FROM registered_model_aliases WHERE name = ? AND alias = ?",
            name,
            alias,
        )
        return int(rows[0][0]) if rows else None

    def _rows(self, query: str, *values: str | int) -> list[Any]:
        try:
            return self.connection.execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            # MLflow has not created its tables in this file yet.
            if "no such table" not in str(error):
                raise
        return []


Tracking = Server | Database
