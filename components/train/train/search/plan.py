"""The plan of a search, after its options were checked against the data and the model."""

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

FACTOR = (
    3  # scikit-learn's factor: each round of a halving has so many times the rows of the one before
)
LONGEST_SPACE = 500  # characters of it in a parameter of the run


def plan_search(
    options: Options, schema: Schema, data: Dataset, folds: Folds, estimator: BaseEstimator
) -> Plan | None:
    """Return the plan, None without `--search`.

    Raises `WrongCallError` for a metric or a parameter that does not exist, and `StepError` if a
    halving has too few rows.
    """
    search = options.search
    if search is None:
        return None
    metric = METRICS[schema.task][0] if search.metric is None else search.metric
    if metric not in METRICS[schema.task]:
        raise WrongCallError(
            f"--search: {metric!r:.80} is not a metric of a {schema.task}; give one of "
            f"{', '.join(METRICS[schema.task])}"
        )
    space = build_space(search, options, schema, estimator)
    trials = count_trials(search.trials, space)
    if trials < search.trials:
        log(f"running {trials} of {search.trials} trials, because the space has no others")
    least, rows = _least_rows(schema, data, folds), len(data.target)
    if search.method == "halving" and rows < least:
        raise StepError(
            f"--train-data {options.train_data}: {rows} rows are too few for a halving, whose "
            f'first round takes {least}; give {{"method": "random"}}, or more data'
        )
    return Plan(search.method, trials, metric, space)


def _least_rows(schema: Schema, data: Dataset, folds: Folds) -> int:
    """Return the least number of rows that scikit-learn gives the first round of a halving."""
    classes = data.target.nunique() if schema.task == "classification" else 1
    return 2 * folds.number * classes


def expected_work(plan: Plan | None, schema: Schema, data: Dataset, folds: Folds) -> float:
    """Return the work before the last fit; the unit is one fit to all rows."""
    if plan is None:
        return folds.number
    if plan.method == "random":
        return plan.trials * folds.number
    rows = len(data.target)
    rounds = halving_rounds(plan.trials, rows, _least_rows(schema, data, folds))
    # After the rounds, the best trial is measured on all rows.
    return folds.number * (sum(trials * share for trials, share in rounds) / rows + 1)


def halving_rounds(trials: int, rows: int, least: int) -> list[tuple[int, int]]:
    """Return the numbers of trials and rows of each round, which scikit-learn chooses."""
    share = max(least, rows // FACTOR ** int(math.log(trials, FACTOR)))
    rounds = []
    while share <= rows:
        rounds.append((trials, share))
        trials, share = math.ceil(trials / FACTOR), share * FACTOR
    return rounds


def describe_plan(search: SearchOptions, plan: Plan) -> dict[str, str]:
    """Return the parameters of the run that describe the search."""
    space = json.dumps(search.space, sort_keys=True)[:LONGEST_SPACE] if search.space else ""
    return {
        "search.method": plan.method,
        "search.trials": str(plan.trials),
        "search.metric": plan.metric,
        **({"search.space": space} if space else {}),
    }
