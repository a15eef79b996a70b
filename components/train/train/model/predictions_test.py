"""Predictions beside those that the whole pipeline makes in one thread."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from train.conftest import KINDS, customers
from train.data.schema import Feature, Schema
from train.model.cross_validation import Folds, classification_metrics, measure
from train.model.pipeline import build_pipeline, use_one_thread
from train.model.predictions import predict
from train.models import MODELS

QUICK = {"random_forest": {"n_estimators": 9}, "hist_gradient_boosting": {"max_iter": 3}}
FRAME = customers(401)
FEATURES = FRAME[list(KINDS)]


def fitted(task: str, name: str, rows: int = 300) -> Pipeline:
    """Fit to texts as labels, or to numbers."""
    target = FRAME["price"] if task == "regression" else FRAME["income class"].astype(object)
    kind = "double" if task == "regression" else "string"
    features = tuple(Feature(column, kind) for column, kind in KINDS.items())
    schema = Schema(task, str(target.name), kind, features)
    params = QUICK.get(name, {})
    pipeline = build_pipeline(schema, FEATURES, target, name, params, seed=1)
    return pipeline.fit(FEATURES[:rows], target[:rows])


@pytest.mark.parametrize(("task", "name"), MODELS)
def test_they_are_those_of_the_pipeline_to_the_last_digit(
    task: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.model.predictions.joblib.effective_n_jobs", lambda _wanted: 3)
    methods = ["predict"] if task == "regression" else ["predict", "predict_proba"]
    model = fitted(task, name)
    answers = predict(model, FEATURES, methods)
    assert len(answers) == len(methods)
    for method, answer in zip(methods, answers, strict=True):
        expected = getattr(use_one_thread(model), method)(FEATURES)
        np.testing.assert_array_equal(answer, expected)


@pytest.mark.parametrize(("cores", "parts"), [(1, [401]), (2, [200, 201]), (500, [1] * 401)])
def test_a_forest_is_asked_in_as_many_threads_as_it_may_have(
    cores: int, parts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.model.predictions.joblib.effective_n_jobs", lambda _wanted: cores)
    asked: list[int] = []
    model = fitted("regression", "random_forest")
    answer = model[-1].predict

    def ask(rows: np.ndarray) -> np.ndarray:
        asked.append(len(rows))
        return answer(rows)

    model[-1].predict = ask
    predict(model, FEATURES, ["predict"])
    assert sorted(asked) == parts
    assert model[-1].n_jobs is None


def test_rows_are_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = fitted("classification", "hist_gradient_boosting")
    encoded: list[int] = []
    encode = model[0].transform

    def count(rows: pd.DataFrame) -> np.ndarray:
        encoded.append(len(rows))
        return encode(rows)

    monkeypatch.setattr(model[0], "transform", count)
    predict(model, FEATURES, ["predict", "predict_proba"])
    assert encoded == [401]


@pytest.mark.parametrize("name", [name for task, name in MODELS if task == "classification"])
def test_the_metrics_of_texts_are_those_that_scikit_learn_gives_for_them(name: str) -> None:
    model, truth = fitted("classification", name), FRAME["income class"].astype(object)
    classes = np.unique(truth)
    refitted = clone(model).fit(FEATURES, truth)
    measured = measure(refitted, FEATURES, truth, Folds("classification", 2, 0), classes)
    again = use_one_thread(clone(model).fit(FEATURES, truth))
    labels, probabilities = again.predict(FEATURES), again.predict_proba(FEATURES)
    assert measured == classification_metrics(truth.to_numpy(), labels, classes, probabilities)
