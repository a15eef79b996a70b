"""The champion: the version of a registered model that an alias points to."""

import re
import sqlite3
from pathlib import Path

from pinion_step.champion import ModelVersion
from pinion_step.errors import StepError
from pinion_step.mlflow import answers, connect, ignoring, sqlite_path
from pinion_step.store import check_store
from pinion_step.store_file import NotInFileError, open_store_file

# Of a version that was registered from a logged model.
_SOURCE = re.compile(r"models:/(?P<model_id>[\w-]+)")


def find_champion(uri: str, name: str, alias: str) -> ModelVersion | None:
    """Return the version that has the alias; None if none has, or there is no model of that name.

    Raises `StepError` if the store of a resolved address does not answer. An SQLite file that is
    not there yet has no champion.
    """
    database = sqlite_path(uri)
    return _in_server(uri, name, alias) if database is None else _in_file(database, name, alias)


def _in_file(database: Path, name: str, alias: str) -> ModelVersion | None:
    # MLflow takes seconds to import.
    if not database.exists() or (database.is_file() and not database.stat().st_size):
        return None
    try:
        with open_store_file(database) as file:
            number = file.get_registered_model(name).aliases[alias]
            source = file.get_model_version(name, number).source
    except (NotInFileError, KeyError):
        return None
    except sqlite3.Error as error:
        raise StepError(
            f"the champion cannot be looked up: the MLflow store {database} cannot be read:"
            f" {error}; give another file, or free this one"
        ) from error
    return _version(name, number, source)


def _in_server(uri: str, name: str, alias: str) -> ModelVersion | None:
    check_store(uri)
    client = connect(uri)
    with (
        answers(uri, f"the registered model {name!r}"),
        ignoring(lambda error: error.error_code == "RESOURCE_DOES_NOT_EXIST"),
    ):
        # get_model_version_by_alias does not tell a missing alias from other errors.
        number = client.get_registered_model(name).aliases.get(alias)
        if number is not None:
            source = client.get_model_version(name, str(number)).source
            return _version(name, str(number), source)
    return None


def _version(name: str, number: str, source: str | None) -> ModelVersion:
    known = _SOURCE.fullmatch(source or "")
    return ModelVersion(name, int(number), known["model_id"] if known else "")
