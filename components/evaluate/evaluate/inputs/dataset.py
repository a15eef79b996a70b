"""The test split: one Parquet file, split into features and target."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from evaluate.inputs.model import Estimator
from pinion_step.errors import StepError, some
from pinion_step.parquet import read_frame

# The keys of the file's metadata that describe its source.
_ORIGIN = ("source", "sha256", "split")


@dataclass(frozen=True)
class Split:
    """The feature columns in the model's order, and the target of shape (rows,).

    `origin` describes the source, as in the file's metadata.
    """

    features: pd.DataFrame
    target: np.ndarray
    origin: Mapping[str, str] = field(default_factory=dict)


def read_test_split(path: Path, target: str, estimator: Estimator) -> Split:
    """Read what the estimator needs; raises `StepError` if the file does not hold it."""
    frame, origin = _read_frame(path)
    if target not in frame.columns:
        raise StepError(
            f"the test data {path} has no target column {target!r}; its columns are "
            f"{some(list(frame.columns))}; give the test split that was made with the model's "
            "train split"
        )
    names = list(getattr(estimator, "feature_names_in_", frame.columns.drop(target)))
    if missing := [name for name in names if name not in frame.columns]:
        raise StepError(
            f"the test data {path} lacks columns that the model was trained on: {some(missing)}; "
            "give the test split that was made with its train split"
        )
    if frame[target].isna().any():
        raise StepError(
            f"the target {target!r} of the test data {path} has missing values; "
            "give preprocess's test split"
        )
    return Split(frame[names], _labels(frame[target]), origin)


def _labels(column: pd.Series) -> np.ndarray:
    """Return the values; equal texts share one Python string, because each takes 60 bytes.

    The values are a copy, because a view would keep the whole frame in memory.
    """
    if not isinstance(column.dtype, pd.StringDtype):
        return column.to_numpy(copy=True)
    codes, texts = pd.factorize(column)
    return np.asarray(texts, dtype=object)[codes]


def _read_frame(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    frame, metadata = read_frame(path, "the test data", "give preprocess's test split")
    if metadata.get(b"pinion.split") == b"train":
        raise StepError(
            f"the test data {path} is a train split, whose rows the model may have seen; "
            "give preprocess's test split"
        )
    if not frame.columns.is_unique:
        raise StepError(
            f"the test data {path} has two columns of the same name; give preprocess's test split"
        )
    if frame.empty:
        raise StepError(f"the test data {path} has no rows; raise --test-fraction of preprocess")
    return frame, {
        name: metadata[key].decode(errors="replace")
        for name in _ORIGIN
        if (key := f"pinion.{name}".encode()) in metadata
    }
