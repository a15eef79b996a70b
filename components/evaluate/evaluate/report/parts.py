"""Where the model is better and worse, and what it looks at."""

import warnings
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics as sk
from sklearn.inspection import permutation_importance

from evaluate.dataset import Split
from evaluate.model import Estimator
from evaluate.predictions import Predictions, ask

MOST_SLICES = 50
_IMPORTANCE_ROWS = 2_000
_IMPORTANCE_COLUMNS = 200
_REPEATS = 5
_DISTINCT = 10
_SEED = 0


def slices(predictions: Predictions, split: Split, columns: Sequence[str]) -> dict[str, Any]:
    """The metrics among the rows of each value, or quarter of the values, of some columns."""
    groups = [
        (column, value, mask)
        for column in columns
        for value, mask in _groups(split.features[column])
    ]
    kept = [
        {
            "column": column,
            "value": value,
            "rows": int(mask.sum()),
            "metrics": _measure(predictions.rows(mask)),
        }
        for column, value, mask in groups[:MOST_SLICES]
    ]
    return {"slices": kept, "slices_left_out": len(groups) - len(kept)}


def _measure(predictions: Predictions) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's, of a slice with too few rows
        return predictions.measure().metrics


def _groups(column: pd.Series) -> Iterator[tuple[str, np.ndarray]]:
    """Values, the most frequent first, or quarters of many numbers and dates; missing ones last."""
    present = column.dropna()
    ordered = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
    if ordered and present.nunique() > _DISTINCT:
        edges = present.quantile([0, 0.25, 0.5, 0.75, 1]).drop_duplicates().tolist()
        for index, (low, high) in enumerate(pairwise(edges)):
            mask = (column > low) & (column <= high)
            if index == 0:
                mask |= column == low
            yield f"{_shown(low)} to {_shown(high)}", mask.to_numpy(dtype=bool)
    else:
        counts = present.astype(str).value_counts()
        for value in sorted(counts.index, key=lambda value: (-counts[value], value)):
            mask = (column.astype(str) == value) & column.notna()
            yield value, mask.to_numpy(dtype=bool)
    if column.isna().any():
        yield "missing", column.isna().to_numpy()


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)


def importance(task: str, estimator: Estimator, split: Split) -> list[dict[str, Any]]:
    """By how much the main metric worsens where a column is shuffled, the most important first.

    None of a table with more columns than can be shuffled in a minute.
    """
    columns = list(split.features.columns)
    if len(columns) > _IMPORTANCE_COLUMNS:
        return []
    rows = len(split.target)
    chosen = np.arange(rows)
    if rows > _IMPORTANCE_ROWS:
        rng = np.random.default_rng(_SEED)
        chosen = np.sort(rng.choice(rows, _IMPORTANCE_ROWS, replace=False))

    def score(_: Estimator, features: pd.DataFrame, target: np.ndarray) -> float:
        predicted = ask(estimator.predict, features)
        if task == "classification":
            return float(sk.accuracy_score(target, predicted))
        return -float(sk.root_mean_squared_error(target, predicted.reshape(len(target))))

    found = permutation_importance(
        estimator,
        split.features.iloc[chosen].reset_index(drop=True),
        split.target[chosen],
        scoring=score,
        n_repeats=max(1, min(_REPEATS, _IMPORTANCE_COLUMNS // len(columns))),
        random_state=_SEED,
    )
    measured = zip(columns, found.importances_mean, found.importances_std, strict=True)
    named = [
        {"column": str(name), "mean": float(mean), "std": float(std)}
        for name, mean, std in measured
    ]
    return sorted(named, key=lambda each: (-each["mean"], each["column"]))
