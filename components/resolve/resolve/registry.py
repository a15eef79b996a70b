"""Ask an MLflow store: a server by its client, an SQLite file directly."""

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from pinion_step.errors import StepError
from pinion_step.mlflow import answers, connect, ignoring, sqlite_path
from pinion_step.store import check_store
from pinion_step.store_file import NotInFileError, open_store_file

Answer = TypeVar("Answer")


def ask(uri: str, wanted: str, question: Callable[[Any], Answer]) -> Answer | None:
    """Return the answer of the store of a resolved address; None if it does not have it.

    `question` gets MLflow's client, or a `StoreFile`, which has the same methods. An SQLite file
    that is not there yet has nothing. Raises `StepError`, which names what is `wanted`, if the
    store does not answer.
    """
    if sqlite_path(uri) is None:
        return _ask_server(uri, wanted, question)
    return _ask_file(uri, wanted, question)


def _ask_file(uri: str, wanted: str, question: Callable[[Any], Answer]) -> Answer | None:
    # MLflow takes seconds to import.
    database = sqlite_path(uri)
    if database is None or not database.exists():
        return None
    if database.is_file() and not database.stat().st_size:
        return None
    try:
        with open_store_file(database) as file:
            return question(file)
    except NotInFileError:
        return None
    except sqlite3.Error as error:
        raise StepError(
            f"{wanted} cannot be looked up: the MLflow store {database} cannot be read:"
            f" {error}; give another file, or free this one"
        ) from error


def _ask_server(uri: str, wanted: str, question: Callable[[Any], Answer]) -> Answer | None:
    check_store(uri)
    client = connect(uri)
    with (
        answers(uri, wanted),
        ignoring(lambda error: error.error_code == "RESOURCE_DOES_NOT_EXIST"),
    ):
        return question(client)
    return None  # type: ignore[unreachable]  # mypy misses that the block above may end early
