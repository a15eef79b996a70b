"""The test split: one Parquet file, split into features and target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from evaluate.inputs.model import Estimator
from pinion_step.errors import StepError

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
            f"{_some(list(frame.columns))}; give the test split that was made with the model's "
            "train split"
        )
    wanted = getattr(estimator, "feature_names_in_", None)
    names = list(frame.columns.drop(target) if wanted is None else wanted)
    if missing := [name for name in names if name not in frame.columns]:
        raise StepError(
            f"the test data {path} lacks columns that the model was trained on: {_some(missing)}; "
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
    table = _read_table(path)
    metadata = table.schema.metadata or {}
    if metadata.get(b"pinion.split") == b"train":
        raise StepError(
            f"the test data {path} is a train split, whose rows the model may have seen; "
            "give preprocess's test split"
        )
    # The conversion frees each column of the table, so that only one is in memory twice.
    frame = table.to_pandas(self_destruct=True)
    pa.default_memory_pool().release_unused()
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


def _read_table(path: Path) -> pa.Table:
    try:
        # Opened here, because pyarrow would read a folder as a data set of many files.
        with path.open("rb") as file:
            return pq.ParquetFile(file).read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise StepError(
            f"the test data {path} is not a readable Parquet file ({error}); "
            "give preprocess's test split"
        ) from error


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(repr(str(name)) for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
