"""An MLflow store in an SQLite file, read without MLflow, whose import takes seconds.

A test holds the answers to those of MLflow's client, which has the same methods.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from pinion_step.store import BUSY_SECONDS

# How MLflow stores the words of a logged model's status.
_STATUS = {0: "UNSPECIFIED", 1: "PENDING", 2: "READY", 3: "FAILED"}
_DELETED = "Deleted_Internal"
_BY_SOURCE = re.compile(r"source_path = '(?P<source>[^']+)'")
_BY_TAG = re.compile(r"tags\.`(?P<key>[^`]+)` = '(?P<value>[^']*)'")
_NEWEST_FIRST = ["attributes.start_time DESC"]


class NotInFileError(Exception):
    """The file does not have it, or only MLflow can do what was asked."""


@dataclass(frozen=True)
class LoggedModel:
    """A logged model that was not deleted."""

    status: str
    tags: dict[str, str]


@dataclass(frozen=True)
class RegisteredModel:
    """A registered model; `aliases` give the version of each."""

    aliases: dict[str, str]
    tags: dict[str, str]
    description: str | None


@dataclass(frozen=True)
class Version:
    """A version of a registered model, with where its files are, its tags, and when it was made.

    The time is in milliseconds since 1970.
    """

    name: str
    version: int
    source: str
    creation_timestamp: int
    tags: dict[str, str]


@dataclass(frozen=True)
class Experiment:
    """An experiment that was not deleted."""

    experiment_id: str


@dataclass(frozen=True)
class RunData:
    """What was recorded in a run."""

    tags: dict[str, str]


@dataclass(frozen=True)
class Run:
    """A run that was not deleted."""

    data: RunData


class StoreFile:
    """What MLflow's client answers, for the few questions that steps ask of a file.

    Anything else raises `NotInFileError`, as does what the store does not have.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> NoReturn:
        raise NotInFileError(name)

    def run_tags(self, run_id: str) -> dict[str, str]:
        """Return the tags of a run that was not deleted."""
        self._one("SELECT 1 FROM runs WHERE run_uuid = ? AND lifecycle_stage = 'active'", run_id)
        return self._pairs("SELECT key, value FROM tags WHERE run_uuid = ?", run_id)

    def get_logged_model(self, model_id: str) -> LoggedModel:
        """Return a logged model that was not deleted."""
        (status,) = self._one(
            "SELECT status FROM logged_models WHERE model_id = ? AND lifecycle_stage != 'deleted'",
            model_id,
        )
        tags = "SELECT tag_key, tag_value FROM logged_model_tags WHERE model_id = ?"
        return LoggedModel(_STATUS[status], self._pairs(tags, model_id))

    def get_registered_model(self, name: str) -> RegisteredModel:
        """Return a registered model."""
        (about,) = self._one("SELECT description FROM registered_models WHERE name = ?", name)
        aliases = "SELECT alias, version FROM registered_model_aliases WHERE name = ?"
        tags = "SELECT key, value FROM registered_model_tags WHERE name = ?"
        return RegisteredModel(self._pairs(aliases, name), self._pairs(tags, name), about)

    def get_model_version(self, name: str, version: str) -> Version:
        """Return a version that was not deleted."""
        source, created = self._one(
            "SELECT source, creation_time FROM model_versions"
            " WHERE name = ? AND version = ? AND current_stage != ?",
            *(name, version, _DELETED),
        )
        return self._version(name, int(version), source, created)

    def search_model_versions(self, filter_string: str) -> list[Version]:
        """Return the versions with a `source_path`, under all names; no other filter is known."""
        by_source = _BY_SOURCE.fullmatch(filter_string)
        if by_source is None:
            raise NotInFileError(filter_string)
        rows = self._connection.execute(
            "SELECT name, version, source, creation_time FROM model_versions"
            " WHERE source = ? AND current_stage != ?",
            (by_source["source"], _DELETED),
        )
        return [self._version(*row) for row in rows]

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """Return an experiment; None if there is none."""
        rows = self._connection.execute(
            "SELECT experiment_id FROM experiments WHERE name = ? AND lifecycle_stage = 'active'",
            (name,),
        )
        return next((Experiment(str(number)) for (number,) in rows), None)

    def search_runs(
        self,
        experiment_ids: Sequence[str],
        filter_string: str,
        *,
        max_results: int,
        order_by: Sequence[str],
    ) -> list[Run]:
        """Return the newest runs of an experiment that have a tag; no other search is known."""
        by_tag = _BY_TAG.fullmatch(filter_string)
        if by_tag is None or list(order_by) != _NEWEST_FIRST:
            raise NotInFileError(filter_string)
        (experiment,) = experiment_ids
        rows = self._connection.execute(
            "SELECT run_uuid FROM runs JOIN tags USING (run_uuid)"
            " WHERE experiment_id = ? AND lifecycle_stage = 'active' AND key = ? AND value = ?"
            " ORDER BY start_time DESC, run_uuid LIMIT ?",
            (int(experiment), by_tag["key"], by_tag["value"], max_results),
        )
        return [Run(RunData(self.run_tags(run_id))) for (run_id,) in rows.fetchall()]

    def _version(self, name: str, version: int, source: str, created: int) -> Version:
        tags = "SELECT key, value FROM model_version_tags WHERE name = ? AND version = ?"
        return Version(name, version, source, created, self._pairs(tags, name, version))

    def _one(self, query: str, *values: object) -> tuple:
        row: tuple | None = self._connection.execute(query, values).fetchone()
        if row is None:
            raise NotInFileError(values)
        return row

    def _pairs(self, query: str, *values: object) -> dict[str, str]:
        return {key: str(value) for key, value in self._connection.execute(query, values)}


@contextmanager
def open_store_file(database: Path) -> Iterator[StoreFile]:
    """Open an MLflow store as it is at this moment, to read it.

    Raises `sqlite3.Error` if the file cannot be read or is not an MLflow store; later, too.
    """
    address = f"{database.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    with closing(connection):
        connection.execute("BEGIN")
        yield StoreFile(connection)
