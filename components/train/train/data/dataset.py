"""The training split, which is checked against the schema before any model sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from pinion_step.errors import StepError, some
from pinion_step.parquet import read_frame
from train.data.schema import Schema

FITS_KIND = {
    "numeric": lambda column: types.is_numeric_dtype(column) and not types.is_bool_dtype(column),
    "categorical": types.is_string_dtype,
    "boolean": lambda column: types.is_bool_dtype(column) or types.is_object_dtype(column),
    "date": types.is_datetime64_dtype,
    "integer": types.is_integer_dtype,
    "string": types.is_string_dtype,
    "double": types.is_float_dtype,
}

# If a column has fewer distinct texts than this share of its rows, each is kept once.
FEW_SHARE = 0.1
SHARED = pd.StringDtype("python", na_value=np.nan)


@dataclass(frozen=True)
class Dataset:
    """Rows to learn from: the feature columns, the target, and the origin of the data.

    `sha256` is the hash of the source, and `pull_data` has the parameters with which it was read.
    `preprocess` is the lineage of that step, None if the file does not have it.
    """

    features: pd.DataFrame
    target: pd.Series
    source: str
    sha256: str
    pull_data: dict[str, Any] | None
    preprocess: dict[str, Any] | None


def read_dataset(path: Path, schema: Schema) -> Dataset:
    """Read a training split; raises `StepError` if it does not match the schema."""
    if not path.is_file():
        raise StepError(
            f"--train-data {path} is not a file; give the training split that preprocess wrote"
        )
    frame, metadata = read_frame(
        path, "--train-data", "give the training split that preprocess wrote"
    )
    try:
        features, target = split_target(frame, schema)
    except ValueError as error:
        raise StepError(f"--train-data {path}: {error}") from error
    return Dataset(
        features,
        target,
        source=metadata.get(b"pinion.source", b"").decode(errors="replace"),
        sha256=metadata.get(b"pinion.sha256", b"").decode(errors="replace"),
        pull_data=_document(path, metadata, "pinion.pull_data"),
        preprocess=_document(path, metadata, "pinion.preprocess"),
    )


def _document(path: Path, metadata: Mapping[bytes, bytes], name: str) -> Any:
    try:
        return json.loads(metadata.get(name.encode(), b"null"))
    except ValueError as error:
        raise StepError(
            f"--train-data {path}: the metadata {name} is not JSON ({error}); give the training"
            " split that preprocess wrote"
        ) from error


def split_target(frame: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, pd.Series]:
    """Split a frame into features and target.

    Text labels become Python strings, because scikit-learn and skops keep the classes in numpy
    arrays. Raises ValueError if the columns, their types or the target do not match the schema.
    """
    _check_columns(list(frame.columns), schema)
    for feature in schema.features:
        _check_type(frame[feature.name], feature.kind)
    target = frame[schema.target]
    _check_target(target, schema)
    # A copy, because a view would keep the whole frame in memory.
    target = _shared(target).astype(object) if schema.target_type == "string" else target.copy()
    features = frame[[feature.name for feature in schema.features]].copy(deep=False)
    for name in schema.names("categorical"):
        features[name] = _shared(features[name])
    return features, target


def _shared(texts: pd.Series) -> pd.Series:
    """Return the texts as Python strings of 60 bytes each, with equal texts sharing one.

    If few texts are equal, they stay in Arrow, which makes Python strings of them at each use.
    """
    codes, distinct = pd.factorize(texts)
    if len(distinct) > FEW_SHARE * len(texts):
        return texts
    shared = np.append(np.asarray(distinct, dtype=object), np.nan)[codes]
    return pd.Series(pd.array(shared, dtype=SHARED), index=texts.index, name=texts.name)


def _check_columns(columns: list[str], schema: Schema) -> None:
    expected = [feature.name for feature in schema.features] + [schema.target]
    lacking = [name for name in expected if name not in columns]
    if lacking:
        raise ValueError(f"the columns {some(lacking)} of the schema are missing; {SAME_RUN}")
    extra = [name for name in columns if name not in expected]
    if extra:
        raise ValueError(f"the columns {some(extra)} are not in the schema; {SAME_RUN}")


def _check_target(target: pd.Series, schema: Schema) -> None:
    if target.empty:
        raise ValueError(
            "the file has no rows; lower --test-fraction of preprocess, or give more data"
        )
    missing = int(target.isna().sum())
    if missing:
        raise ValueError(
            f"the target {schema.target!r} is missing in {missing} of {len(target)} rows; "
            f"{SAME_RUN}"
        )
    _check_type(target, schema.target_type)
    if schema.task == "classification" and target.nunique() < 2:
        raise ValueError(
            f"the target {schema.target!r} has only the class {target.iloc[0]!r}, but a "
            "classification needs two; give data with more classes"
        )
    positive = schema.positive_class
    if positive is not None and not (target == positive).any():
        raise ValueError(
            f"the target {schema.target!r} has no row of the positive class {positive!r}; "
            f"{SAME_RUN}"
        )


def _check_type(column: pd.Series, kind: str) -> None:
    if not FITS_KIND[kind](column):
        raise ValueError(
            f"the column {column.name!r} is {column.dtype}, but {kind} in the schema; {SAME_RUN}"
        )


SAME_RUN = "give the training split and the schema that one run of preprocess wrote"
