"""The space of a search: the values of each parameter, checked before a trial is fitted.

JSON that passed through a cluster does not tell 1 from 1.0. So the estimator decides what is drawn
between two bounds: fractions if it takes them, else whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from sklearn.base import BaseEstimator, clone

from pinion_step.errors import WrongCallError
from train.data.schema import Schema
from train.model.pipeline import label_keys, refuse_unknown
from train.models import find_model
from train.options import Options
from train.search.options import SearchOptions

# Parameters that `--model-params` can set but a search cannot vary, and the reason.
SAME_IN_EVERY_TRIAL = {
    "max_bins": "because the encoding of the categories depends on it; set it in --model-params",
}
RANGE_KEYS = {"low", "high", "log"}
# The place in a range of a value that is never a whole number, whatever the bounds.
SOMEWHERE = 1 / math.pi
MOST = 10**18  # fits in numpy's integers


@dataclass(frozen=True)
class LogInteger:
    """Whole numbers from `low` to `high`, both included, whose logarithm is uniform."""

    low: int
    high: int

    def rvs(self, random_state: np.random.RandomState | None = None) -> int:
        """Draw one; scikit-learn calls this method of distributions of scipy."""
        drawn = stats.loguniform(self.low - 0.5, self.high + 0.5).rvs(random_state=random_state)
        return int(min(max(round(drawn), self.low), self.high))


def build_space(
    search: SearchOptions, options: Options, schema: Schema, estimator: BaseEstimator
) -> dict[str, Any]:
    """Return a distribution or a list of values for each parameter that a search varies.

    By default, it is the model's own space without the parameters that `--model-params` sets.
    Raises `WrongCallError` that names the parameter and the value.
    """
    given, fixed = search.space, options.model_params
    if given is None:
        default = find_model(schema.task, options.model).space
        given = {name: values for name, values in default.items() if name not in fixed}
        if not given:
            raise WrongCallError(
                f"--search: --model-params sets every parameter that a search of {options.model} "
                f"varies ({', '.join(default)}); give a space, or set fewer parameters"
            )
    _refuse_names(given, fixed, options.model, estimator)
    return {name: _choices(name, given[name], schema, estimator) for name in sorted(given)}


def count_trials(wanted: int, space: Mapping[str, Any]) -> int:
    """Return the number of trials, at most that of the combinations if all choices are lists."""
    if not all(isinstance(choices, list) for choices in space.values()):
        return wanted
    return min(wanted, math.prod(len(choices) for choices in space.values()))


def _refuse_names(
    space: Mapping[str, Any], fixed: Mapping[str, Any], model: str, estimator: BaseEstimator
) -> None:
    refuse_unknown("--search: space", model, estimator, space)
    for name in space:
        if name in SAME_IN_EVERY_TRIAL and name in estimator.get_params():
            raise WrongCallError(
                f"--search: space: {name!r} cannot be varied, {SAME_IN_EVERY_TRIAL[name]}"
            )
        if name in fixed:
            raise WrongCallError(
                f"--search: {name!r} is in the space and in --model-params; remove it from one of "
                "them"
            )


def _choices(name: str, given: object, schema: Schema, estimator: BaseEstimator) -> Any:
    if isinstance(given, list) and given:
        values = [label_keys({name: value}, schema, "--search: space")[name] for value in given]
        for value in values:
            _check(name, value, estimator)
        return values
    if isinstance(given, dict) and {"low", "high"} <= set(given) <= RANGE_KEYS:
        return _range(name, given, estimator)
    raise WrongCallError(
        f"--search: space: {name!r} must be a list of values or "
        f'{{"low": …, "high": …, "log": true or false}}, got {given!r:.80}'
    )


def _range(name: str, given: Mapping[str, Any], estimator: BaseEstimator) -> Any:
    low, high, log = given["low"], given["high"], given.get("log", False)
    _refuse_bounds(name, low, high, log)
    between = low + (high - low) * SOMEWHERE
    fractions = _complaint(name, between, estimator) is None
    if not fractions and (low % 1 or high % 1):
        _check(name, between, estimator)
    low, high = (float(low), float(high)) if fractions else (int(low), int(high))
    for bound in (low, high):
        _check(name, bound, estimator)
    if fractions:
        return stats.loguniform(low, high) if log else stats.uniform(low, high - low)
    return LogInteger(int(low), int(high)) if log else stats.randint(low, high + 1)


def _refuse_bounds(name: str, low: Any, high: Any, log: object) -> None:
    for bound in (low, high):
        if not isinstance(bound, int | float) or isinstance(bound, bool) or abs(bound) > MOST:
            raise WrongCallError(
                f"--search: space: low and high of {name!r} must be numbers of at most {MOST:.0e}, "
                f"got {bound!r:.40}"
            )
    if not isinstance(log, bool):
        raise WrongCallError(
            f"--search: space: log of {name!r} must be true or false, got {log!r:.40}"
        )
    if log and low <= 0:
        raise WrongCallError(
            f"--search: space: low of {name!r} must be above 0 if log is true, got {low!r}"
        )
    if low >= high:
        raise WrongCallError(
            f"--search: space: low of {name!r} must be below high, got {low!r} and {high!r}"
        )


def _check(name: str, value: object, estimator: BaseEstimator) -> None:
    complaint = _complaint(name, value, estimator)
    if complaint:
        raise WrongCallError(f"--search: space: {complaint}")


def _complaint(name: str, value: object, estimator: BaseEstimator) -> str | None:
    try:
        clone(estimator).set_params(**{name: value})._validate_params()
    except ValueError as error:
        return str(error)
    return None
