"""The models: one line each in MODELS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline

from pinion_step.errors import WrongCallError
from train.data.schema import Schema
from train.model.preprocessing import Family, build_preprocessor


@dataclass(frozen=True)
class Model:
    """An estimator, what it wants to see, defaults other than scikit-learn's, what a search varies.

    The space is written as in `--search`.
    """

    estimator: Callable[..., BaseEstimator]
    family: Family
    defaults: Mapping[str, Any] = field(default_factory=dict)
    space: Mapping[str, Any] = field(default_factory=dict)


BOOSTING_SPACE = {
    "learning_rate": {"low": 0.01, "high": 0.3, "log": True},
    "max_iter": {"low": 50, "high": 400, "log": True},
    "max_leaf_nodes": {"low": 7, "high": 127, "log": True},
    "min_samples_leaf": {"low": 2, "high": 100, "log": True},
    "l2_regularization": {"low": 1e-4, "high": 10, "log": True},
    "max_features": {"low": 0.3, "high": 1},
}
FOREST_SPACE = {
    "max_features": {"low": 0.1, "high": 1},
    "min_samples_leaf": {"low": 1, "high": 20, "log": True},
    "max_depth": [None, 5, 10, 20],
}


# To add a model: one line. Where the estimator takes a `random_state`, it is given the seed.
MODELS: dict[tuple[str, str], Model] = {
    ("classification", "logistic_regression"): Model(
        LogisticRegression,
        Family.LINEAR,
        {"max_iter": 2000},
        {"C": {"low": 1e-4, "high": 1e4, "log": True}},
    ),
    ("classification", "random_forest"): Model(
        RandomForestClassifier, Family.FOREST, {"n_jobs": -1}, FOREST_SPACE
    ),
    ("classification", "hist_gradient_boosting"): Model(
        HistGradientBoostingClassifier, Family.BOOSTING, space=BOOSTING_SPACE
    ),
    ("regression", "ridge"): Model(
        Ridge, Family.LINEAR, space={"alpha": {"low": 1e-3, "high": 1e4, "log": True}}
    ),
    ("regression", "random_forest"): Model(
        RandomForestRegressor, Family.FOREST, {"n_jobs": -1}, FOREST_SPACE
    ),
    ("regression", "hist_gradient_boosting"): Model(
        HistGradientBoostingRegressor, Family.BOOSTING, space=BOOSTING_SPACE
    ),
}

# Parameters that an estimator has, but that a user cannot set through `--model-params`, and why.
RESERVED = {
    "categorical_features": "the schema decides it",
    "scoring": "a model fitted with a scorer cannot be saved by skops; leave it at 'loss'",
}


def find_model(task: str, name: str) -> Model:
    """Look a model up; raises WrongCallError that names the known ones of the task."""
    model = MODELS.get((task, name))
    if model is None:
        known = ", ".join(known_name for known_task, known_name in MODELS if known_task == task)
        raise WrongCallError(f"--model {name!r} is not known for a {task}; known are {known}")
    return model


def build_pipeline(
    schema: Schema,
    features: pd.DataFrame,
    target: pd.Series,
    name: str,
    params: Mapping[str, Any],
    seed: int,
) -> Pipeline:
    """Return the unfitted pipeline of preprocessing and estimator for these rows.

    `params` are the user's, over ours. Raises WrongCallError where a name or value is not one
    that the estimator takes.
    """
    model = find_model(schema.task, name)
    estimator = model.estimator()
    settings = {**model.defaults, **_row_defaults(model.family, schema.task, target)}
    if "random_state" in estimator.get_params():
        settings["random_state"] = seed
    refuse_unknown("--model-params", name, estimator, params)
    estimator.set_params(**{**settings, **label_keys(params, schema, "--model-params")})
    _refuse_ill_typed(name, estimator)
    max_codes = 255
    if model.family is Family.BOOSTING:
        max_codes = estimator.max_bins
        estimator.set_params(categorical_features=list(range(len(schema.names("categorical")))))
    preprocess = build_preprocessor(schema, model.family, features, seed, max_codes)
    return Pipeline([("preprocess", preprocess), ("estimator", estimator)])


def _row_defaults(family: Family, task: str, target: pd.Series) -> dict[str, Any]:
    """Turn early stopping off where its stratified split would fail on a class of one row."""
    if family is not Family.BOOSTING or task != "classification":
        return {}
    # A class of two rows has one in the training part of a fold.
    return {"early_stopping": False} if target.value_counts().min() <= 2 else {}


def refuse_unknown(
    flag: str, name: str, estimator: BaseEstimator, params: Mapping[str, Any]
) -> None:
    """Raise WrongCallError where the estimator lacks a parameter, or its user may not set it."""
    known = sorted(set(estimator.get_params()) - set(RESERVED))
    for key in params:
        if key in RESERVED and key in estimator.get_params():
            raise WrongCallError(f"{flag}: {key!r} cannot be set, {RESERVED[key]}")
        if key not in known:
            raise WrongCallError(
                f"{flag}: {name} has no parameter {key!r}; known are {', '.join(known)}"
            )


def _refuse_ill_typed(name: str, estimator: BaseEstimator) -> None:
    try:
        # What scikit-learn itself calls first in `fit`; here before any work is done.
        estimator._validate_params()
    except ValueError as error:
        raise WrongCallError(f"--model-params of {name}: {error}") from error


def label_keys(params: Mapping[str, Any], schema: Schema, flag: str) -> dict[str, Any]:
    """Give weights the classes as they are.

    JSON has no integer keys, but the classes that `class_weight` weighs may be integers.
    """
    weights = params.get("class_weight")
    if schema.target_type != "integer" or not isinstance(weights, dict):
        return dict(params)
    try:
        return {**params, "class_weight": {int(key): value for key, value in weights.items()}}
    except ValueError as error:
        raise WrongCallError(f"{flag}: class_weight has a key that is no class: {error}") from error


def use_one_thread(pipeline: Pipeline) -> Pipeline:
    """Let a fitted pipeline predict in one thread.

    Threads of a forest add their probabilities up in the order in which they end, so that the
    last digits would differ from call to call; and a served model answers one row at a time.
    """
    if "n_jobs" in pipeline[-1].get_params():
        pipeline[-1].set_params(n_jobs=None)
    return pipeline
