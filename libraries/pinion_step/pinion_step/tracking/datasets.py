"""Datasets as MLflow records them: as inputs of a run, and beside the metrics measured on them."""

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Dataset

DIGEST_LENGTH = 8  # of MLflow's own digests, which its pages show beside the name


def describe_dataset(source: str, sha256: str, schema: str, rows: int, columns: int) -> "Dataset":
    """Return the record of a dataset, named by the last part of its source.

    `sha256` is that of the rows in use, so that two splits of one source are two datasets. `schema`
    is JSON as MLflow writes it, or empty.
    """
    from mlflow.entities import Dataset

    address = urlsplit(source)
    is_http = address.scheme in ("http", "https")
    return Dataset(
        name=PurePosixPath(address.path).name or "dataset",
        digest=sha256[:DIGEST_LENGTH] or "unknown",
        source_type="http" if is_http else "local",
        source=json.dumps({"url" if is_http else "uri": source}),
        schema=schema or None,
        profile=json.dumps({"num_rows": rows, "num_elements": rows * columns}),
    )


def log_dataset(client: "MlflowClient", run_id: str, dataset: "Dataset", context: str) -> None:
    """Log a dataset as an input of the run; `context` is what it was used for."""
    from mlflow.entities import DatasetInput, InputTag
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    inputs = [DatasetInput(dataset, [InputTag("mlflow.data.context", context)])]
    try:
        client.log_inputs(run_id, inputs)
    except (MlflowException, SQLAlchemyError) as error:
        if isinstance(error.__context__, RequestException):
            raise  # the server does not answer
        # Another run inserted the row of the same table at the same time; now it exists.
        client.log_inputs(run_id, inputs)
