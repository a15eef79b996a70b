"""The model folder: its contents, and the types that it may hold.

`mlflow.sklearn.log_model` saves and uploads in one call. But it also looks for a git repository
around the program, and the folder would have to be downloaded again for the step's output.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.entities import LoggedModel
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, TensorSpec
from mlflow.types import Schema as ColumnSchema
from mlflow.types.schema import AnyType
from sklearn.pipeline import Pipeline

from train.data.schema import Feature, Schema

EXAMPLE_ROWS = 5

# The types that a pipeline of MODELS may hold beyond those that skops trusts by itself: what
# preprocessing.py uses, and the insides of the boosting and the forests. None of them runs code
# that a file chooses, because `partial` and `asarray` reach nothing outside this list.
TRUSTED_TYPES = [
    "functools.partial",
    "numpy.asarray",
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.model_selection._split.KFold",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
]

# The packages that serve the model, at the versions that fitted it.
REQUIREMENTS = ("mlflow-skinny", "numpy", "pandas", "scikit-learn", "scipy", "skops")

COLUMN_TYPES = {
    "numeric": DataType.double,
    "categorical": DataType.string,
    "boolean": DataType.boolean,
    "date": DataType.datetime,
}
PREDICTION_TYPES = {
    "integer": DataType.long,
    "string": DataType.string,
    "double": DataType.double,
}


def make_signature(schema: Schema, features: pd.DataFrame) -> ModelSignature:
    """Return the columns that the model takes, and the type of its predictions.

    A column that was text in the dataset may hold any type, because the model reads it itself.
    """
    fitted = fitted_columns(schema, features).inputs
    accepted: list[ColSpec | TensorSpec] = [
        ColSpec(AnyType(), feature.name) if _is_read(feature) else column
        for feature, column in zip(schema.features, fitted, strict=True)
    ]
    predictions = ColSpec(PREDICTION_TYPES[schema.target_type])
    return ModelSignature(inputs=ColumnSchema(accepted), outputs=ColumnSchema([predictions]))


def fitted_columns(schema: Schema, features: pd.DataFrame) -> ColumnSchema:
    """Return the columns that the model is fitted on.

    Numbers are doubles, and MLflow accepts integers for them.
    """
    columns: list[ColSpec | TensorSpec] = [
        ColSpec(_column_type(feature, features[feature.name]), feature.name)
        for feature in schema.features
    ]
    return ColumnSchema(columns)


def _is_read(feature: Feature) -> bool:
    """Return whether values have another type in a dataset than in the model."""
    return feature.reading.lenient or not (feature.is_typed or feature.kind == "categorical")


def _column_type(feature: Feature, column: pd.Series) -> DataType | AnyType:
    if feature.kind == "boolean" and column.isna().any():
        # MLflow's boolean would read a missing value as false.
        return AnyType()
    return COLUMN_TYPES[feature.kind]


def choose_example(features: pd.DataFrame) -> pd.DataFrame:
    """Return the first rows without a missing value, which strict JSON has not; else the first."""
    complete = np.flatnonzero(features.notna().all(axis=1))
    return features.iloc[complete[:EXAMPLE_ROWS]] if len(complete) else features.head(EXAMPLE_ROWS)


def save_model(
    pipeline: Pipeline,
    schema: Schema,
    features: pd.DataFrame,
    logged: LoggedModel,
    folder: Path,
) -> None:
    """Write the model folder of a fitted pipeline, with some rows as its example."""
    try:
        mlflow.sklearn.save_model(
            pipeline,
            str(folder),
            mlflow_model=Model(
                artifact_path=logged.artifact_location,
                run_id=logged.source_run_id,
                model_id=logged.model_id,
                model_uuid=logged.model_id,
            ),
            serialization_format=mlflow.sklearn.SERIALIZATION_FORMAT_SKOPS,
            skops_trusted_types=TRUSTED_TYPES,
            signature=make_signature(schema, features),
            input_example=choose_example(features),
            pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
            metadata=schema.judged,
        )
    except MlflowException as error:
        # MLflow reports a full disk as a model that cannot be serialized.
        if isinstance(error.__cause__, OSError):
            raise OSError(error.__cause__.errno, error.__cause__.strerror, str(folder)) from error
        raise
