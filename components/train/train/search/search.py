"""Looks for parameters with scikit-learn's own searches; a plain run is a search of one trial.

Every trial is drawn before the first is fitted and is fitted in one thread, so that what is found
depends neither on the cores nor on which trial ends first.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import Pipeline

from pinion_step.errors import one_line
from train.model.cross_validation import METRICS, Folds, Metrics, Scorer, quiet_folds
from train.progress import FoldsEnd, Progress
from train.search.rounds import ESTIMATOR, Rounds
from train.search.trials import Plan, Trial, Watcher, rank
from train.search.watched import Watched
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
    watcher: Watcher | None = None,
    progress: Progress | None = None,
) -> list[Trial]:
    """Cross-validate all trials and return them, the best first and the failed ones last.

    In a halving search, a trial that reached a later round is better than one that did not.
    """
    workers = min(joblib.cpu_count(), plan.trials * folds.number) if plan.space else 1
    batch = max(1, math.ceil(workers * FITS_PER_WORKER / folds.number))
    explain = partial(_why, pipeline, features, target, folds)
    search = _make_search(pipeline, target, folds, plan)
    progress = progress or Progress(quiet=True)
    search.rounds = Rounds(
        plan, folds.number, len(target), batch, explain, watcher or Watcher(), progress
    )
    if not plan.space:
        search.set_callbacks(FoldsEnd(folds.number, progress))
    with _quiet_trials() if plan.space else quiet_folds(), worker_processes(workers):
        search.set_params(n_jobs=workers).fit(features, target)
    ranked = rank(search.rounds.trials, plan.metric)
    search.rounds.finish(ranked)
    return ranked


def cross_validate(
    pipeline: Pipeline,
    features: pd.DataFrame,
    target: pd.Series,
    folds: Folds,
    progress: Progress | None = None,
) -> Metrics:
    """Return `cv_<metric>_mean` and `cv_<metric>_std` of every metric: a search of one trial."""
    plan = Plan("random", 1, METRICS[folds.task][0])
    return run_trials(pipeline, features, target, folds, plan, progress=progress)[0].metrics


def _make_search(pipeline: Pipeline, target: pd.Series, folds: Folds, plan: Plan) -> Watched:
    common: dict[str, Any] = {
        "cv": folds.splitter(),
        "random_state": folds.seed,
        # The best is fitted again elsewhere, where it has all cores.
        "refit": False,
        "return_train_score": False,
        # A plain run has nothing to go on with.
        "error_score": math.nan if plan.space else "raise",
    }
    space = {f"{ESTIMATOR}{name}": choices for name, choices in plan.space.items()}
    classes = np.unique(target) if folds.task == "classification" else np.empty(0)
    scorer = Scorer(folds.task, classes, lenient=bool(plan.space))
    if plan.method == "halving":
        # Late: importing it switches on what scikit-learn calls experimental.
        from train.search.halving import HalvingSearch

        # scikit-learn's halving measures one metric.
        scorer = replace(scorer, only=plan.metric)
        # So many rows first that the last round has as many as there are.
        common |= {"n_candidates": plan.trials, "min_resources": "exhaust"}
        return HalvingSearch(pipeline, space, scoring=scorer, **common)
    return RandomSearch(pipeline, space, n_iter=plan.trials, scoring=scorer, **common)


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


@contextmanager
def _quiet_trials() -> Iterator[None]:
    """Silence warnings, also of the workers: the best trial's come again with its model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
