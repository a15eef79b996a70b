"""What is asked of an MLflow store before what a task left in it is relied on."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from pipelines.models.registry import ModelRegistry, found, open_registry

_SQLITE = "sqlite:///"
# As MLflow's database has them.
_READY = 2
_DELETED_VERSION = "Deleted_Internal"


class Tracking(Protocol):
    """What is asked of an MLflow store."""

    def tags(self, run_id: str) -> Mapping[str, str] | None:
        """The tags of a run; None where there is none, or it was deleted."""

    def has_model(self, model_id: str) -> bool:
        """Whether a logged model is there and whole."""

    def has_version(self, name: str, version: int) -> bool:
        """Whether a registered model has a version."""

    def alias_at(self, name: str, alias: str) -> int | None:
        """The version that an alias is at, None where there is no such alias."""


@contextmanager
def open_tracking(uri: str) -> Iterator[Tracking]:
    """Raises `PinionError` or `sqlite3.Error` where the store cannot be asked."""
    # MLflow takes a second to import, which is as long as a run that has nothing to do.
    if not uri.startswith(_SQLITE):
        with open_registry(uri) as registry:
            yield Server(registry)
        return
    database = Path(uri.removeprefix(_SQLITE).partition("?")[0]).absolute()
    # What is not there holds nothing, and is not to be made by asking.
    address = f"{database.as_uri()}?mode=ro" if database.is_file() else ":memory:"
    with closing(sqlite3.connect(address, timeout=30, uri=True)) as connection:
        yield Database(connection)


@dataclass(frozen=True)
class Server:
    """A store asked through MLflow's own client."""

    registry: ModelRegistry

    def tags(self, run_id: str) -> Mapping[str, str] | None:
        """The tags of a run."""
        run = found(lambda: self.registry.client.get_run(run_id))
        return run.data.tags if run and run.info.lifecycle_stage == "active" else None

    def has_model(self, model_id: str) -> bool:
        """Whether a model is there."""
        model = found(lambda: self.registry.client.get_logged_model(model_id))
        return bool(model and model.status == "READY")

    def has_version(self, name: str, version: int) -> bool:
        """Whether a version is there."""
        made = found(lambda: self.registry.client.get_model_version(name, str(version)))
        return bool(made and made.status == "READY")

    def alias_at(self, name: str, alias: str) -> int | None:
        """Where an alias is."""
        model = found(lambda: self.registry.client.get_registered_model(name))
        return int(model.aliases[alias]) if model and alias in model.aliases else None


@dataclass(frozen=True)
class Database:
    """A store whose tables are read."""

    connection: sqlite3.Connection

    def tags(self, run_id: str) -> Mapping[str, str] | None:
        """The tags of a run."""
        run = "SELECT 1 FROM runs WHERE run_uuid = ? AND lifecycle_stage = 'active'"
        if not self._one(run, run_id):
            return None
        return dict(self._rows("SELECT key, value FROM tags WHERE run_uuid = ?", run_id))

    def has_model(self, model_id: str) -> bool:
        """Whether a model is there."""
        location = self._one(
            "SELECT artifact_location FROM logged_models"
            " WHERE model_id = ? AND status = ? AND lifecycle_stage = 'active'",
            model_id,
            _READY,
        )
        if location is None:
            return False
        place = urlsplit(str(location))
        return place.scheme != "file" or Path(unquote(place.path)).exists()

    def has_version(self, name: str, version: int) -> bool:
        """Whether a version is there."""
        one = self._one(
            "SELECT 1 FROM model_versions WHERE name = ? AND version = ? AND current_stage != ?",
            name,
            version,
            _DELETED_VERSION,
        )
        return one is not None

    def alias_at(self, name: str, alias: str) -> int | None:
        """Where an alias is."""
        version = self._one(
            "SELECT version FROM registered_model_aliases WHERE name = ? AND alias = ?",
            name,
            alias,
        )
        return None if version is None else int(str(version))

    def _one(self, query: str, *values: str | int) -> object:
        rows = self._rows(query, *values)
        return rows[0][0] if rows else None

    def _rows(self, query: str, *values: str | int) -> list[Any]:
        try:
            return self.connection.execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            # Of a file that MLflow has not been in yet.
            if "no such table" not in str(error):
                raise
        return []
