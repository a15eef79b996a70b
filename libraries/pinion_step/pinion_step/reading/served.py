"""The model as MLflow serves it: rows are read first, in the way that the schema beside it says.

MLflow calls `_load_pyfunc` of the module that the model's MLmodel file names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinion_step.reading.rows import read

if TYPE_CHECKING:
    import numpy as np
    from pandas import DataFrame

SCHEMA = "schema.json"


class ServedModel:
    """A scikit-learn pipeline that takes rows as they stand in their file."""

    def __init__(self, pipeline: Any, schema: Mapping[str, Any]) -> None:
        self._pipeline = pipeline
        self._schema = schema

    def predict(self, data: DataFrame) -> np.ndarray:
        """Return the predictions; MLflow's server answers 400 with a value that does not fit."""
        from mlflow.exceptions import MlflowException

        try:
            rows = read(data, self._schema)
        except ValueError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error
        predictions: np.ndarray = self._pipeline.predict(rows)
        return predictions

    def get_raw_model(self) -> Any:
        """Return the pipeline, which takes what `rows.read` returns."""
        return self._pipeline


def _load_pyfunc(path: str) -> ServedModel:
    import mlflow.sklearn

    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    schema = json.loads((folder / SCHEMA).read_text(encoding="utf-8"))
    return ServedModel(mlflow.sklearn.load_model(str(folder)), schema)
