"""The plan of a search: what was asked for, held against the data, the model and its metrics."""

from __future__ import annotations

import json
import math

from sklearn.base import BaseEstimator

from pinion_step.errors import StepError, WrongCallError
from train.data.dataset import Dataset
from train.data.schema import Schema
from train.log import log
from train.model.cross_validation import METRICS, Folds
from train.options import Options
from train.search.options import SearchOptions
from train.search.space import build_space, count_trials
from train.search.trials import Plan

FACTOR = 3  # scikit-learn's: so many times the rows has a halving's next round
LONGEST_SPACE = 500  # characters of it that a reader of the run may want


def plan_search(
    options: Options, schema: Schema, data: Dataset, folds: Folds, estimator: BaseEstimator
) -> Plan | None:
    """Return what to try, None without `--search`.

    Raises WrongCallError naming what the model or the task does not have, and StepError where a
    halving has too few rows.
    """
    search = options.search
    if search is None:
        return None
    metric = METRICS[schema.task][0] if search.metric is None else search.metric
    if metric not in METRICS[schema.task]:
        raise WrongCallError(
            f"--search: the metric {metric!r:.80} is not known for a {schema.task}; known are "
            f"{', '.join(METRICS[schema.task])}"
        )
    space = build_space(search, options, schema, estimator)
    trials = count_trials(search.trials, space)
    if trials < search.trials:
        log(f"{trials} trials instead of {search.trials}, as the space has no more combinations")
    least, rows = _least_rows(schema, data, folds), len(data.target)
    if search.method == "halving" and rows < least:
        raise StepError(
            f"--train-data {options.train_data}: {rows} rows are too few for a halving, whose "
            f'first round has {least}; give {{"method": "random"}} or more data'
        )
    return Plan(search.method, trials, metric, space)


def _least_rows(schema: Schema, data: Dataset, folds: Folds) -> int:
    """Return the rows that scikit-learn gives the first round of a halving at least."""
    classes = data.target.nunique() if schema.task == "classification" else 1
    return 2 * folds.number * classes


def expected_work(plan: Plan | None, schema: Schema, data: Dataset, folds: Folds) -> float:
    """Return the work before the last fit, in fits to all rows."""
    if plan is None:
        return folds.number
    if plan.method == "random":
        return plan.trials * folds.number
    rows = len(data.target)
    rounds = halving_rounds(plan.trials, rows, _least_rows(schema, data, folds))
    # Then the best is measured on all rows.
    return folds.number * (sum(trials * share for trials, share in rounds) / rows + 1)


def halving_rounds(trials: int, rows: int, least: int) -> list[tuple[int, int]]:
    """Return the trials and the rows of each round, as scikit-learn chooses them."""
    share = max(least, rows // FACTOR ** int(math.log(trials, FACTOR)))
    rounds = []
    while share <= rows:
        rounds.append((trials, share))
        trials, share = math.ceil(trials / FACTOR), share * FACTOR
    return rounds


def describe_plan(search: SearchOptions, plan: Plan) -> dict[str, str]:
    """Return the run's parameters about the search."""
    space = json.dumps(search.space, sort_keys=True) if search.space else "default"
    return {
        "search.method": plan.method,
        "search.trials": str(plan.trials),
        "search.metric": plan.metric,
        "search.space": space[:LONGEST_SPACE],
    }
