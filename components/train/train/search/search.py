"""A search for parameters, by scikit-learn.

All trials are drawn before the first one is fitted, and each is fitted in one thread. So the result
depends neither on the number of cores nor on the order in which trials end.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import Pipeline

from pinion_step.errors import one_line
from train.model.cross_validation import METRICS, Folds, Metrics, is_error, known_classes, measure
from train.progress import Progress
from train.search.rounds import ESTIMATOR, Rounds, Watched
from train.search.trials import Plan, Trial, Watcher, rank
from train.search.workers import worker_processes

FITS_PER_WORKER = (
    4  # in a batch: with more, workers wait less; with fewer, progress is reported earlier
)


class RandomSearch(Watched, RandomizedSearchCV):
    """scikit-learn's random search, in rounds."""


def run_trials(
    pipeline: Pipeline,
    features: pd.DataFrame,
    target: pd.Series,
    folds: Folds,
    plan: Plan,
    watcher: Watcher,
    progress: Progress,
) -> list[Trial]:
    """Cross-validate all trials and return them, the best first and the failed ones last.

    In a halving search, a trial that reached a later round is better than one that did not.
    """
    workers = min(joblib.cpu_count(), plan.trials * folds.number)
    batch = max(1, math.ceil(workers * FITS_PER_WORKER / folds.number))
    explain = partial(_why, pipeline, features, target, folds)
    search = _make_search(pipeline, target, folds, plan)
    search.rounds = Rounds(plan, folds.number, len(target), batch, explain, watcher, progress)
    with warnings.catch_warnings(), worker_processes(workers):
        # Those of the workers too; the warnings about the best trial come again with its fit.
        warnings.simplefilter("ignore")
        search.set_params(n_jobs=workers).fit(features, target)
    return rank(search.rounds.trials, plan.metric)


def _make_search(pipeline: Pipeline, target: pd.Series, folds: Folds, plan: Plan) -> Watched:
    common: dict[str, Any] = {
        "estimator": pipeline,
        "param_distributions": {f"{ESTIMATOR}{name}": plan.space[name] for name in plan.space},
        "cv": folds.splitter(),
        "random_state": folds.seed,
        # The best trial is fitted again later, with all cores.
        "refit": False,
        "return_train_score": False,
        "error_score": math.nan,
    }
    score = partial(_score, folds, known_classes(target, folds.task))
    if plan.method == "random":
        return RandomSearch(n_iter=plan.trials, scoring=score, **common)
    # Importing it enables an experimental part of scikit-learn.
    from train.search.halving import HalvingSearch

    # It measures one metric. The first round has as many rows as lead to all rows in the last one.
    return HalvingSearch(
        scoring=partial(_score_one, plan.metric, score),
        n_candidates=plan.trials,
        min_resources="exhaust",
        **common,
    )


def _score(
    folds: Folds, classes: np.ndarray, model: Pipeline, features: pd.DataFrame, target: pd.Series
) -> Metrics:
    """Measure a fold, as a scorer of scikit-learn; a metric that cannot be computed is NaN."""
    try:
        measured = measure(model, features, target, folds, classes)
    except ValueError:  # such as an infinite prediction
        measured = {}
    return {metric: measured.get(metric, math.nan) for metric in METRICS[folds.task]}


def _score_one(metric: str, score: Any, *fold: Any) -> float:
    """Return one metric, negated if it is better when smaller."""
    value: float = score(*fold)[metric]
    return -value if is_error(metric) else value


def _why(
    pipeline: Pipeline,
    features: pd.DataFrame,
    target: pd.Series,
    folds: Folds,
    params: Mapping[str, Any],
) -> str:
    """Return why a trial failed, by fitting its first fold again; scikit-learn keeps no reason."""
    rows, _ = next(folds.splitter().split(features, target))
    fold = clone(pipeline).set_params(**{f"{ESTIMATOR}{k}": v for k, v in params.items()})
    try:
        # Not in the workers: a forest would run its threads there, and end the workers afterwards.
        with joblib.parallel_config("sequential"):
            fold.fit(features.iloc[rows], target.iloc[rows])
    except Exception as error:  # the search goes on after any failure
        return one_line(error, 300) or type(error).__name__
    return "the metric is undefined on some fold, or the fit fails on few rows"
