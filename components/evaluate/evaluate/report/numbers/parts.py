"""Slices, on which the model is better or worse, and the importance of the columns."""

import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics as sk
from sklearn.inspection import permutation_importance

from evaluate.inputs.dataset import Split
from evaluate.inputs.model import Estimator
from evaluate.measure.predictions import Predictions, ask
from evaluate.report.numbers.intervals import main_metric_interval

MOST_SLICES = 50
IMPORTANCE_ROWS = 2_000
_ROUNDING = 1e-9
_IMPORTANCE_COLUMNS = 200
_REPEATS = 5
_DISTINCT = 10
_SEED = 0


def slices(predictions: Predictions, split: Split, columns: Sequence[str]) -> dict[str, Any]:
    """Measure the rows of each value, or of each quarter of the values, of some columns.

    `low` and `high` are the ends of the interval of a slice's main metric.
    """
    kept: list[dict[str, Any]] = []
    left_out = 0
    for column in columns:
        labels, codes = groups(split.features[column])
        shown = labels[: MOST_SLICES - len(kept)]
        left_out += len(labels) - len(shown)
        for code, label in enumerate(shown):
            found = predictions.rows(codes == code)
            kept.append({"column": column, "value": label, **_measure(found)})
    return {"slices": kept, "slices_left_out": left_out}


def _measure(predictions: Predictions) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns about a slice with too few rows
        metrics = predictions.measure().metrics
    for name in _undefined(predictions):
        del metrics[name]
    low, high = main_metric_interval(predictions)
    return {"rows": len(predictions.truth), "metrics": metrics, "low": low, "high": high}


def _undefined(predictions: Predictions) -> list[str]:
    """Return the metrics that scikit-learn sets to 0 if no row is of the positive class."""
    if predictions.classes is None or not predictions.is_binary:
        return []
    sides = (predictions.truth, predictions.predicted)
    true, predicted = ((side == predictions.classes[1]).any() for side in sides)
    defined = {"recall": true, "precision": predicted, "f1": true and predicted}
    return [name for name, is_defined in defined.items() if not is_defined]


def groups(column: pd.Series) -> tuple[list[str], np.ndarray]:
    """Return the labels of the groups, and the position of each row's label, of shape (rows,).

    Groups are values, the most frequent first, or quarters if a column has many numbers or dates.
    Missing values come last.
    """
    ordered = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
    if ordered and column.nunique() > _DISTINCT:
        labels, codes = _quarters(column)
    else:
        labels, codes = _values(column)
    if (codes < 0).any():
        codes = np.where(codes < 0, len(labels), codes)
        labels = [*labels, "missing"]
    return labels, codes


def _quarters(column: pd.Series) -> tuple[list[str], np.ndarray]:
    edges = column.quantile([0, 0.25, 0.5, 0.75, 1]).drop_duplicates()
    # A value at the edge of two quarters is in the lower one.
    codes = np.maximum(np.searchsorted(edges.to_numpy(), column.to_numpy(), side="left") - 1, 0)
    labels = [f"{_shown(low)} to {_shown(high)}" for low, high in pairwise(edges.tolist())]
    return labels, np.where(column.isna(), -1, codes)


def _values(column: pd.Series) -> tuple[list[str], np.ndarray]:
    codes, values = pd.factorize(column)
    texts = [str(value) for value in values]
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    order = sorted(range(len(texts)), key=lambda code: (-counts[code], texts[code]))
    places = np.empty(len(texts) + 1, dtype=np.intp)
    places[order] = np.arange(len(texts))
    places[-1] = -1  # missing values have the code -1, which indexes the last place
    return [texts[code] for code in order], places[codes]


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)


def importance(task: str, estimator: Estimator, split: Split) -> list[dict[str, Any]]:
    """Return how much the main metric worsens when a column is shuffled, the largest first.

    `low` and `high` are the least and the most of several shuffles. The list is empty if the table
    has more columns than can be shuffled in a minute.
    """
    columns = list(split.features.columns)
    if len(columns) > _IMPORTANCE_COLUMNS:
        return []
    chosen = _sample(len(split.target))

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
    named = [
        {"column": str(name), **_spread(each)}
        for name, each in zip(columns, found.importances, strict=True)
    ]
    return sorted(named, key=lambda each: (-each["mean"], each["column"]))


def _spread(lost: np.ndarray) -> dict[str, float]:
    # Losses that cancel each other out leave a remainder of rounding, such as 4e-17.
    mean = float(lost.mean())
    mean = 0.0 if abs(mean) < _ROUNDING * float(np.abs(lost).max()) else mean
    ends = {"low": float(lost.min()), "high": float(lost.max())}
    return {"mean": mean, "std": float(lost.std()), **ends}


def _sample(rows: int) -> np.ndarray:
    """Return the positions of at most IMPORTANCE_ROWS rows, in ascending order."""
    if rows <= IMPORTANCE_ROWS:
        return np.arange(rows)
    rng = np.random.default_rng(_SEED)
    return np.sort(rng.choice(rows, IMPORTANCE_ROWS, replace=False))
