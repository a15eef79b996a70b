"""Predictions on the rows of a fold, which are encoded only once for several methods."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.pipeline import Pipeline

from train.model.pipeline import use_one_thread

FORESTS = (RandomForestClassifier, RandomForestRegressor)


def predict(model: Pipeline, features: pd.DataFrame, methods: Sequence[str]) -> list[np.ndarray]:
    """Return the result of each method of the pipeline's estimator, such as `predict`."""
    numbers: Any = features
    for _, step in model.steps[:-1]:
        numbers = step.transform(numbers)
    estimator = model[-1]
    threads = _threads(estimator, len(features))
    use_one_thread(model)
    return [_ask(estimator, method, numbers, threads) for method in methods]


def _threads(estimator: BaseEstimator, rows: int) -> int:
    """Return the number of threads; estimators other than forests have threads of their own."""
    if not isinstance(estimator, FORESTS):
        return 1
    return min(joblib.effective_n_jobs(estimator.n_jobs), rows)


def _ask(estimator: BaseEstimator, method: str, numbers: Any, threads: int) -> np.ndarray:
    """Call a method in threads that each have their own rows.

    A forest's own threads each have some of the trees. They add up their results in the order in
    which they end, so that the last digits would differ from call to call.
    """
    ask = getattr(estimator, method)
    if threads == 1:
        return ask(numbers)
    bounds = np.linspace(0, numbers.shape[0], threads + 1, dtype=int)
    parts = (joblib.delayed(ask)(numbers[start:end]) for start, end in pairwise(bounds))
    return np.concatenate(joblib.Parallel(n_jobs=threads, prefer="threads")(parts))
