"""Looks for parameters with scikit-learn's own searches.

Every trial is drawn before the first is fitted and is fitted in one thread, so that what is found
depends neither on the cores nor on which trial ends first.
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

FITS_PER_WORKER = 4  # in a batch: more wait less for the slowest, fewer are told of earlier


class RandomSearch(Watched, RandomizedSearchCV):
    """scikit-learn's random search, watched."""


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
        # Also those of the workers: the best trial's come again with its model.
        warnings.simplefilter("ignore")
        search.set_params(n_jobs=workers).fit(features, target)
    ranked = rank(search.rounds.trials, plan.metric)
    watcher.finished(ranked)
    return ranked


def _make_search(pipeline: Pipeline, target: pd.Series, folds: Folds, plan: Plan) -> Watched:
    common: dict[str, Any] = {
        "estimator": pipeline,
        "param_distributions": {f"{ESTIMATOR}{name}": plan.space[name] for name in plan.space},
        "cv": folds.splitter(),
        "random_state": folds.seed,
        # The best is fitted again elsewhere, where it has all cores.
        "refit": False,
        "return_train_score": False,
        "error_score": math.nan,
    }
    score = partial(_score, folds.task, known_classes(target, folds.task))
    if plan.method == "random":
        return RandomSearch(n_iter=plan.trials, scoring=score, **common)
    # Late: importing it switches on what scikit-learn calls experimental.
    from train.search.halving import HalvingSearch

    # It measures one metric, and has so many rows first that the last round has all there are.
    return HalvingSearch(
        scoring=partial(_score_one, plan.metric, score),
        n_candidates=plan.trials,
        min_resources="exhaust",
        **common,
    )


def _score(
    task: str, classes: np.ndarray, model: Pipeline, features: pd.DataFrame, target: pd.Series
) -> Metrics:
    """Measure a fold, as scikit-learn calls it; what cannot be measured is NaN."""
    try:
        measured = measure(model, features, target, task, classes)
    except ValueError:  # such as an infinite prediction
        measured = {}
    return {metric: measured.get(metric, math.nan) for metric in METRICS[task]}


def _score_one(metric: str, score: Any, *fold: Any) -> float:
    """Return one metric alone, with the sign of "greater is better"."""
    value: float = score(*fold)[metric]
    return -value if is_error(metric) else value


def _why(
    pipeline: Pipeline,
    features: pd.DataFrame,
    target: pd.Series,
    folds: Folds,
    params: Mapping[str, Any],
) -> str:
    """Fit a failed trial's first fold again, as scikit-learn says only how many fits failed."""
    rows, _ = next(folds.splitter().split(features, target))
    fold = clone(pipeline).set_params(**{f"{ESTIMATOR}{k}": v for k, v in params.items()})
    try:
        # Not in the workers: a forest would start its threads there, and end them for the search.
        with joblib.parallel_config("sequential"):
            fold.fit(features.iloc[rows], target.iloc[rows])
    except Exception as error:  # whatever it was, the search goes on
        return one_line(error, 300) or type(error).__name__
    return "the metric is undefined on some fold, or the fit fails on few rows"
