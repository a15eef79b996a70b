from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score

from pinion_step.errors import WrongCallError
from train.conftest import KINDS, customers
from train.data.schema import Feature, Schema
from train.model.pipeline import build_pipeline, use_one_thread
from train.models import MODELS

MISSING = {
    "numeric": "float64",
    "categorical": "str",
    "boolean": "object",
    "date": "datetime64[ms]",
}
EVERY_MODEL = [pytest.param(task, name, id=f"{task}-{name}") for task, name in MODELS]


def schema_of(task: str, target_type: str = "double", **kinds: str) -> Schema:
    features = tuple(Feature(name, kind) for name, kind in kinds.items())
    return Schema(task, "target", target_type, features)


def target_of(task: str, rows: int) -> pd.Series:
    if task == "regression":
        return pd.Series(np.arange(rows) * 1.5)
    return pd.Series(np.where(np.arange(rows) % 3 == 0, "no", "yes")).astype(object)


@pytest.mark.parametrize(("task", "name"), EVERY_MODEL)
@pytest.mark.parametrize(
    ("kind", "column"),
    [
        pytest.param("numeric", np.arange(30.0), id="numbers"),
        pytest.param("numeric", np.full(30, 7.0), id="one-number"),
        pytest.param("numeric", np.where(np.arange(30) == 3, 1.0, np.nan), id="one-present"),
        pytest.param("numeric", np.full(30, np.nan), id="all-missing-numbers"),
        pytest.param(
            "categorical", pd.Series(["1", "2", None] * 10, dtype="str"), id="numbers-as-text"
        ),
        pytest.param("categorical", pd.Series([None] * 30, dtype="str"), id="all-missing-text"),
        pytest.param("boolean", np.arange(30) % 2 == 0, id="booleans"),
        pytest.param(
            "boolean", pd.Series([True, None, False] * 10, dtype=object), id="missing-booleans"
        ),
        pytest.param("boolean", pd.Series([None] * 30, dtype=object), id="all-missing-booleans"),
        pytest.param(
            "date",
            pd.Series(pd.date_range("2020-01-01", periods=30), dtype="datetime64[ms]"),
            id="dates",
        ),
        pytest.param("date", pd.Series([pd.NaT] * 30, dtype="datetime64[ms]"), id="no-dates"),
    ],
)
def test_a_single_column_of_each_kind_can_be_learned_from(
    task: str, name: str, kind: str, column: object, recwarn: pytest.WarningsRecorder
) -> None:
    frame, target = pd.DataFrame({"a": column}), target_of(task, 30)
    pipeline = build_pipeline(schema_of(task, a=kind), frame, target, name, {}, seed=1)
    assert len(pipeline.fit(frame, target).predict(frame)) == 30
    missing = pd.DataFrame({"a": pd.Series([None], dtype=MISSING[kind])})
    assert len(pipeline.predict(missing)) == 1
    warnings = [str(w.message) for w in recwarn if not issubclass(w.category, DeprecationWarning)]
    assert warnings == []


@pytest.mark.parametrize(
    "name", [name for task, name in MODELS if task == "classification"], ids=str
)
def test_a_date_alone_is_enough_where_the_date_decides(name: str) -> None:
    since = pd.Series(pd.date_range("1965-01-01", periods=200, freq="97D"))
    frame = pd.DataFrame({"since": since.astype("datetime64[ms]")})
    frame.loc[::10, "since"] = pd.NaT
    target = pd.Series(np.where(since > "1990-01-01", "new", "old")).astype(object)
    schema = schema_of("classification", "string", since="date")
    pipeline = build_pipeline(schema, frame, target, name, {}, seed=1).fit(frame, target)
    dated = frame["since"].notna()
    assert accuracy_score(target[dated], pipeline.predict(frame[dated])) >= 0.99


@pytest.mark.parametrize(
    "name", [name for task, name in MODELS if task == "classification"], ids=str
)
def test_many_categories_are_told_apart(name: str) -> None:
    """More than the 255 that histogram gradient boosting can hold; the frequent ones decide."""
    number = np.concatenate([np.repeat(np.arange(40), 25), np.arange(40, 340)])
    frame = pd.DataFrame({"city": pd.Series([f"city {n}" for n in number], dtype="str")})
    target = pd.Series(np.where(number % 2 == 0, "even", "odd")).astype(object)
    schema = schema_of("classification", "string", city="categorical")
    pipeline = build_pipeline(schema, frame, target, name, {}, seed=1).fit(frame, target)
    frequent = frame.iloc[:1000]
    assert accuracy_score(target.iloc[:1000], pipeline.predict(frequent)) >= 0.95


def test_a_forest_sees_what_a_category_does_only_together_with_a_number() -> None:
    random = np.random.default_rng(5)
    kind = random.choice(["a", "b"], 600)
    x = random.normal(size=600)
    target = pd.Series(np.where((kind == "a") == (x > 0), "up", "down")).astype(object)
    frame = pd.DataFrame({"kind": pd.Series(kind, dtype="str"), "x": x})
    schema = schema_of("classification", "string", kind="categorical", x="numeric")
    pipeline = build_pipeline(schema, frame, target, "random_forest", {}, seed=1)
    pipeline.fit(frame.iloc[:400], target.iloc[:400])
    assert accuracy_score(target.iloc[400:], pipeline.predict(frame.iloc[400:])) > 0.95


@pytest.mark.parametrize("rare", [1, 2])
def test_boosting_on_many_rows_stands_a_class_of_one_or_two(rare: int) -> None:
    """Early stopping, on above 10000 rows, cannot split such a class."""
    rows = 10_050
    frame = pd.DataFrame({"x": np.arange(rows) % 97.0})
    target = pd.Series(np.where(frame["x"] > 40, "b", "a")).astype(object)
    target.iloc[:rare] = "rare"
    schema = schema_of("classification", "string", x="numeric")
    pipeline = build_pipeline(
        schema, frame, target, "hist_gradient_boosting", {"max_iter": 3}, seed=1
    ).fit(frame, target)
    assert list(pipeline.classes_) == ["a", "b", "rare"]


def test_parameters_of_the_user_win_over_ours_and_the_seed() -> None:
    frame, target = pd.DataFrame({"a": np.arange(9.0)}), target_of("classification", 9)
    schema = schema_of("classification", "string", a="numeric")
    ours = build_pipeline(schema, frame, target, "logistic_regression", {}, seed=4)[-1]
    theirs = build_pipeline(
        schema, frame, target, "logistic_regression", {"max_iter": 7, "random_state": 8}, seed=4
    )[-1]
    assert (ours.max_iter, ours.random_state) == (2000, 4)
    assert (theirs.max_iter, theirs.random_state) == (7, 8)


def test_fewer_bins_than_categories_are_fewer_codes() -> None:
    frame = pd.DataFrame({"a": pd.Series([f"c{n % 30}" for n in range(300)], dtype="str")})
    target = target_of("regression", 300)
    schema = schema_of("regression", a="categorical")
    pipeline = build_pipeline(
        schema, frame, target, "hist_gradient_boosting", {"max_bins": 10}, seed=1
    )
    assert len(pipeline.fit(frame, target).predict(frame)) == 300


def test_weights_are_of_the_classes_as_they_are() -> None:
    frame, target = pd.DataFrame({"a": np.arange(10.0)}), pd.Series([0, 1] * 5)
    schema = schema_of("classification", "integer", a="numeric")
    params = {"class_weight": {"0": 1, "1": 9}}
    built = build_pipeline(schema, frame, target, "random_forest", params, seed=1)[-1]
    assert built.class_weight == {0: 1, 1: 9}
    with pytest.raises(WrongCallError, match="class_weight has a key that is not a class .*'x'"):
        build_pipeline(schema, frame, target, "random_forest", {"class_weight": {"x": 1}}, seed=1)


def test_a_fitted_forest_predicts_in_one_thread() -> None:
    frame, target = customers()[list(KINDS)], customers()["price"]
    schema = schema_of("regression", **KINDS)
    pipeline = build_pipeline(schema, frame, target, "random_forest", {"n_estimators": 3}, seed=1)
    assert pipeline[-1].n_jobs == -1
    assert use_one_thread(pipeline.fit(frame, target))[-1].n_jobs is None


def test_boosting_stands_a_column_whose_only_values_a_fold_holds_out() -> None:
    sparse = np.full(300, np.nan)
    sparse[3:6] = [4.0, 5.0, 6.0]
    since = pd.Series(sparse).map({4.0: pd.Timestamp("2020-01-01")}).astype("datetime64[ms]")
    frame = pd.DataFrame({"a": np.arange(300.0), "b": sparse, "since": since})
    schema = schema_of("regression", a="numeric", b="numeric", since="date")
    target = target_of("regression", 300)
    pipeline = build_pipeline(schema, frame, target, "hist_gradient_boosting", {}, seed=1)
    pipeline.fit(frame.iloc[10:], target.iloc[10:])
    assert pipeline.predict(frame).shape == (300,)
