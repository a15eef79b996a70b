"""Do what `train` does with plain scikit-learn, for `training`; run by the Python of `train`.

`plain_training.py TRAIN SCHEMA MODEL PARAMS` reads the Parquet file, cross-validates the same
pipeline on the same folds with the same scorers, fits it to all rows, and prints the metrics as
JSON. `plain_training.py size FILE` prints the size of a Parquet file's table in Arrow, in bytes.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import cross_validate

from train.data.schema import read_schema
from train.model.cross_validation import METRICS, SCORERS, Folds, is_error
from train.model.low_memory import make_plain
from train.model.pipeline import build_pipeline

SEED = 42
FOLDS = 5


def fit(data: str, schema: str, model: str, params: str) -> None:
    """Cross-validate, fit and print the metrics."""
    columns = read_schema(Path(schema))
    features = pd.read_parquet(data)
    target = features.pop(columns.target)
    pipeline = build_pipeline(columns, features, target, model, json.loads(params), SEED)
    make_plain(pipeline[0])
    scores = cross_validate(
        pipeline,
        features,
        target,
        cv=Folds(columns.task, FOLDS, SEED).splitter(),
        scoring=scorers(columns.task, target),
        error_score="raise",
    )
    pipeline.fit(features, target)
    means = {name: float(np.mean(scores[f"test_{name}"])) for name in METRICS[columns.task]}
    signed = {name: -mean if is_error(name) else mean for name, mean in means.items()}
    print(json.dumps({f"cv_{name}_mean": mean for name, mean in signed.items()}))


def scorers(task: str, target: pd.Series) -> dict[str, Any]:
    """Return scikit-learn's own scorers; the second of two classes is the positive one."""
    named: dict[str, Any] = {name: SCORERS.get(name, name) for name in METRICS[task]}
    if "f1" in named:
        named["f1"] = make_scorer(f1_score, pos_label=max(target.unique()))
    return named


if __name__ == "__main__":
    if sys.argv[1] == "size":
        print(pq.read_table(sys.argv[2]).nbytes)
    else:
        fit(*sys.argv[1:])
