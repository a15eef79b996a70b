"""The pipeline to fit: the preprocessing, and an estimator from the table in `models.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from pinion_step.errors import WrongCallError
from train.data.schema import Schema
from train.model.preprocessing import build_preprocessor
from train.models import Family, find_model

# Parameters of estimators that a user cannot set through `--model-params`, and the reason.
RESERVED = {
    "categorical_features": "because the schema decides it",
    "scoring": "because skops cannot save a model that was fitted with a scorer; leave it out",
}


def build_pipeline(
    schema: Schema,
    features: pd.DataFrame,
    target: pd.Series,
    name: str,
    params: Mapping[str, Any],
    seed: int,
) -> Pipeline:
    """Return the unfitted pipeline of preprocessing and estimator for these rows.

    `params` are the user's, which override ours. Raises `WrongCallError` if the estimator does not
    take one of them, or its value.
    """
    model = find_model(schema.task, name)
    estimator = model.make()
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
    """Turn off early stopping if its stratified split would fail on a class of one row."""
    if family is not Family.BOOSTING or task != "classification":
        return {}
    # Of a class of two rows, the training part of a fold has one.
    return {"early_stopping": False} if target.value_counts().min() <= 2 else {}


def refuse_unknown(
    flag: str, name: str, estimator: BaseEstimator, params: Mapping[str, Any]
) -> None:
    """Raise `WrongCallError` if the estimator lacks a parameter, or the user may not set it."""
    known = sorted(set(estimator.get_params()) - set(RESERVED))
    for key in params:
        if key in RESERVED and key in estimator.get_params():
            raise WrongCallError(f"{flag}: {key!r} cannot be set, {RESERVED[key]}")
        if key not in known:
            raise WrongCallError(
                f"{flag}: {name} has no parameter {key!r}; give one of {', '.join(known)}"
            )


def _refuse_ill_typed(name: str, estimator: BaseEstimator) -> None:
    try:
        # scikit-learn calls it first in `fit`; here it runs before any work is done.
        estimator._validate_params()
    except ValueError as error:
        raise WrongCallError(f"--model-params: {error}") from error


def label_keys(params: Mapping[str, Any], schema: Schema, flag: str) -> dict[str, Any]:
    """Return the parameters with the keys of `class_weight` as integers, if the classes are.

    JSON has no integer keys.
    """
    weights = params.get("class_weight")
    if schema.target_type != "integer" or not isinstance(weights, dict):
        return dict(params)
    try:
        return {**params, "class_weight": {int(key): value for key, value in weights.items()}}
    except ValueError as error:
        raise WrongCallError(
            f"{flag}: class_weight has a key that is not a class ({error}); give classes as keys"
        ) from error


def use_one_thread(pipeline: Pipeline) -> Pipeline:
    """Let a fitted pipeline predict in one thread.

    The threads of a forest add up probabilities in the order in which they end, so that the last
    digits would differ from call to call. And a served model mostly predicts one row at a time.
    """
    if "n_jobs" in pipeline[-1].get_params():
        pipeline[-1].set_params(n_jobs=None)
    return pipeline
