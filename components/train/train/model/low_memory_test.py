"""Ours beside scikit-learn's own, on a table with columns of each kind."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from train.conftest import KINDS, customers
from train.data.schema import Feature, Schema
from train.model.logged_model import TRUSTED_TYPES
from train.model.low_memory import LeanImputer, make_plain
from train.model.pipeline import build_pipeline, use_one_thread
from train.models import MODELS

FEW = KINDS | {"nothing": "numeric", "no text": "categorical", "no date": "date"}
MANY = FEW | {"city": "categorical"}
NUMBERS = {name: kind for name, kind in KINDS.items() if kind == "numeric"}
LEARNED = [
    pytest.param(task, name, kinds, id=f"{task}-{name}-{label}")
    for task, name in MODELS
    for label, kinds in (("few-categories", FEW), ("many-categories", MANY), ("numbers", NUMBERS))
]
QUICK = {"random_forest": {"n_estimators": 3}, "hist_gradient_boosting": {"max_iter": 3}}


def table(rows: int) -> pd.DataFrame:
    """Columns of each kind, also without a value."""
    frame = customers(rows)
    frame["nothing"] = np.nan
    frame["no text"] = pd.Series([None] * rows, dtype="str")
    frame["no date"] = pd.Series([pd.NaT] * rows, dtype="datetime64[ms]")
    frame["city"] = pd.Series([f"city {n * n % 97}" for n in range(rows)], dtype="str")
    return frame


def built(frame: pd.DataFrame, task: str, name: str, kinds: dict[str, str]) -> Pipeline:
    features = tuple(Feature(column, kind) for column, kind in kinds.items())
    target = "price" if task == "regression" else "grade"
    target_type = "double" if task == "regression" else "integer"
    schema = Schema(task, target, target_type, features)
    params = QUICK.get(name, {})
    return build_pipeline(schema, frame[list(kinds)], frame[target], name, params, seed=1)


def theirs(step: Any) -> Any:
    """Return the same step in scikit-learn's own classes, unfitted."""
    if isinstance(step, ColumnTransformer):
        return ColumnTransformer([(name, theirs(each), on) for name, each, on in step.transformers])
    if isinstance(step, Pipeline):
        return make_pipeline(*(theirs(each) for each in step.named_steps.values()))
    if isinstance(step, LeanImputer):
        return SimpleImputer(**step.get_params())
    if isinstance(step, OneHotEncoder):
        return clone(step).set_params(dtype=np.float64)
    return step if isinstance(step, str) else clone(step)


def assert_same(ours: Any, expected: Any) -> None:
    assert type(ours) is type(expected)
    assert ours.dtype == expected.dtype
    if not sparse.issparse(ours):
        np.testing.assert_array_equal(ours, expected)
        assert ours.flags.f_contiguous == expected.flags.f_contiguous
        return
    for part in ("data", "indices", "indptr"):
        mine = getattr(ours, part)
        assert mine.dtype == getattr(expected, part).dtype
        np.testing.assert_array_equal(mine, getattr(expected, part))


def assert_same_knowledge(ours: ColumnTransformer, expected: ColumnTransformer) -> None:
    assert vars(ours).keys() == vars(expected).keys()
    assert ours.output_indices_ == expected.output_indices_
    assert list(ours.feature_names_in_) == list(expected.feature_names_in_)
    assert [type(theirs(step)) for _, step, _ in ours.transformers_] == [
        type(step) for _, step, _ in expected.transformers_
    ]


@pytest.mark.parametrize(("task", "name", "kinds"), LEARNED)
def test_numbers_and_predictions_are_those_of_scikit_learn(
    task: str, name: str, kinds: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.model.low_memory.ROWS_AT_ONCE", 300)
    frame = table(1017)
    features = frame[list(kinds)]
    target = frame["price" if task == "regression" else "grade"]
    ours = built(frame, task, name, kinds)
    expected = Pipeline([("preprocess", theirs(ours[0])), ("estimator", clone(ours[-1]))])

    numbers = ours[0].fit_transform(features, target)
    assert_same(numbers, expected[0].fit_transform(features, target))
    assert_same_knowledge(ours[0], expected[0])
    stacked_sparse = name in ("ridge", "logistic_regression") and kinds is MANY
    assert sparse.issparse(numbers) is stacked_sparse

    answer = "predict" if task == "regression" else "predict_proba"
    predicted = getattr(use_one_thread(expected.fit(features, target)), answer)(features)
    use_one_thread(ours.fit(features, target))
    np.testing.assert_array_equal(getattr(ours, answer)(features), predicted)
    make_plain(ours[0])
    np.testing.assert_array_equal(getattr(ours, answer)(features), predicted)


@pytest.mark.parametrize(("task", "name"), MODELS)
@pytest.mark.parametrize("at_once", [60, 20_000], ids=["in parts", "at once"])
def test_a_fitted_model_is_made_of_what_loads_without_this_code(
    task: str, name: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.model.low_memory.ROWS_AT_ONCE", at_once)
    frame = table(200)
    model = built(frame, task, name, MANY)
    model.fit(frame[list(MANY)], frame["price" if task == "regression" else "grade"])
    assert any(kind.startswith("train.") for kind in types_of(model))
    make_plain(model[0])
    assert types_of(model) <= set(TRUSTED_TYPES)
    clone(model).fit(frame[list(MANY)], frame["price" if task == "regression" else "grade"])


def types_of(model: Pipeline) -> set[str]:
    return set(skops.io.get_untrusted_types(data=skops.io.dumps(model)))


def test_sparse_numbers_take_less_than_half_the_memory_to_make(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("train.model.low_memory.ROWS_AT_ONCE", 2_000)
    random, rows = np.random.default_rng(3), 50_000
    numbers = {f"number {n}": random.normal(size=rows) for n in range(12)}
    city = pd.Series([f"city {n}" for n in random.integers(0, 90, rows)], dtype="str")
    frame = pd.DataFrame({**numbers, "city": city, "price": random.normal(size=rows)})
    kinds = dict.fromkeys(numbers, "numeric") | {"city": "categorical"}
    ours = built(frame, "regression", "ridge", kinds)[0]
    expected = theirs(ours)
    assert peak(ours, frame[list(kinds)]) < 0.5 * peak(expected, frame[list(kinds)])


def peak(transformer: ColumnTransformer, frame: pd.DataFrame) -> int:
    """Return the bytes at most while it is fitted."""
    tracemalloc.start()
    try:
        transformer.fit_transform(frame)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
