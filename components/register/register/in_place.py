"""A registration that is in place, found in an SQLite file without importing MLflow."""

import os
import sqlite3
from typing import TYPE_CHECKING, cast

from pinion_step.mlflow import sqlite_path
from pinion_step.store_file import NotInFileError, open_store_file
from register.evaluation import EvaluationResult
from register.model import ModelFolder, version_tags
from register.registry import Registration, register_model

if TYPE_CHECKING:
    from mlflow import MlflowClient


def registered(
    uri: str, name: str, alias: str, model: ModelFolder, result: EvaluationResult, why: str
) -> Registration | None:
    """Return the registration of a model if nothing is left to be written for it, else None.

    None too if the store is not an SQLite file, or not one that can be read: MLflow says why.
    """
    database = sqlite_path(uri)
    if database is None:
        return None
    try:
        with open_store_file(database) as file:
            tags = version_tags(model, file.run_tags(model.run_id), os.environ, why)
            if file.get_logged_model(model.model_id).status != "READY":
                return None
            # The file refuses what the client would write.
            client = cast("MlflowClient", file)
            return register_model(client, name, alias, model, tags, result)
    except (NotInFileError, sqlite3.Error):
        return None
