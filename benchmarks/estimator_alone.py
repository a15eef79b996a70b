"""A model of `train` by itself, for `memory`; run by the Python of `train`.

`estimator_alone.py pipeline TRAIN SCHEMA MODEL PARAMS` reads the rows as `train` does and fits the
whole pipeline to them once. `estimator_alone.py encode TRAIN SCHEMA MODEL PARAMS FILE` writes what
the estimator in it is given, and `estimator_alone.py estimator FILE` fits that one alone.
`estimator_alone.py size FILE` prints the bytes of a Parquet file's table in Arrow.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib


def fit_pipeline(*given: str) -> None:
    """Fits encoding and estimator to the rows."""
    pipeline, features, target = _read(*given)
    pipeline.fit(features, target)


def encode(*given: str) -> None:
    """Writes the encoded features, the target, and the unfitted estimator."""
    pipeline, features, target = _read(*given[:-1])
    numbers = pipeline[0].fit_transform(features, target)
    joblib.dump((numbers, target.to_numpy(), pipeline[-1]), given[-1])


def fit_estimator(file: str) -> None:
    """Fits the estimator to what `encode` wrote."""
    numbers, target, estimator = joblib.load(file)
    estimator.fit(numbers, target)


def size(file: str) -> None:
    """Prints how large the table is in Arrow."""
    import pyarrow.parquet as pq

    print(pq.read_table(file).nbytes)


def _read(*given: str) -> tuple[Any, Any, Any]:
    from train.dataset import read_dataset
    from train.models import build_pipeline
    from train.schema import read_schema

    data, schema, model, params = given
    columns = read_schema(Path(schema))
    table = read_dataset(Path(data), columns)
    pipeline = build_pipeline(columns, table.features, table.target, model, json.loads(params), 42)
    return pipeline, table.features, table.target


MODES: dict[str, Callable[..., None]] = {
    "pipeline": fit_pipeline,
    "encode": encode,
    "estimator": fit_estimator,
    "size": size,
}

if __name__ == "__main__":
    # As `train` has them; they are read by what is imported late.
    os.environ |= {"OMP_WAIT_POLICY": "PASSIVE", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    MODES[sys.argv[1]](*sys.argv[2:])
