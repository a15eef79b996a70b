from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import get_scorer
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from train.model.cross_validation import (
    METRICS,
    SCORERS,
    Folds,
    choose_folds,
    classification_metrics,
    cross_validate,
    is_error,
    regression_metrics,
    summarise,
)


def labels(**counts: int) -> pd.Series:
    return pd.Series([name for name, count in counts.items() for _ in range(count)], dtype=object)


@pytest.mark.parametrize(
    ("target", "folds"),
    [
        pytest.param(labels(a=9, b=7), 5, id="as-wanted"),
        pytest.param(labels(a=9, b=3), 3, id="as-many-as-the-rarest-class"),
        pytest.param(labels(a=9, b=8, c=1), 2, id="never-fewer-than-two"),
    ],
)
def test_folds_follow_the_rarest_class(target: pd.Series, folds: int) -> None:
    assert choose_folds(target, "classification", wanted=5) == folds


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="the class 'b' has one of the 10 rows, but"):
        choose_folds(labels(a=9, b=1), "classification", wanted=5)
    with pytest.raises(ValueError, match="4 rows are too few for 5 folds; lower --cv-folds"):
        choose_folds(pd.Series([1.0, 2.0, 3.0, 4.0]), "regression", wanted=5)


def test_binary_metrics_take_the_second_class_as_positive() -> None:
    truth = np.array(["no", "no", "no", "yes", "yes"], dtype=object)
    predicted = np.array(["no", "no", "yes", "yes", "no"], dtype=object)
    yes = np.array([0.1, 0.2, 0.8, 0.9, 0.4])
    classes = np.array(["no", "yes"], dtype=object)

    metrics = classification_metrics(truth, predicted, classes, np.column_stack([1 - yes, yes]))

    assert metrics == pytest.approx(
        {
            "accuracy": 3 / 5,
            "balanced_accuracy": (2 / 3 + 1 / 2) / 2,
            "f1": 0.5,
            "log_loss": -np.mean(np.log([0.9, 0.8, 0.2, 0.9, 0.4])),
            "roc_auc": 5 / 6,
        }
    )


@pytest.mark.parametrize(
    ("positive", "f1"),
    [
        pytest.param("Cardiac", 0.0, id="never predicted"),
        pytest.param("NonCardiac", 0.8, id="always predicted"),
        pytest.param(None, 0.8, id="the last of an earlier schema"),
    ],
)
def test_only_f1_depends_on_which_of_two_classes_is_positive(
    positive: str | None, f1: float
) -> None:
    frame = pd.DataFrame({"x": np.arange(12.0)})
    pipeline = Pipeline([("estimator", DummyClassifier(strategy="most_frequent"))])
    folds = Folds("classification", 2, 0, positive)
    metrics = summarise(cross_validate(pipeline, frame, labels(Cardiac=4, NonCardiac=8), folds))
    means = {name: value for name, value in metrics.items() if name.endswith("_mean")}
    log_loss = means.pop("cv_log_loss_mean")
    assert log_loss == pytest.approx(-np.log(np.finfo("float64").eps) / 3, rel=1e-6)
    assert means == {
        "cv_accuracy_mean": 4 / 6,
        "cv_balanced_accuracy_mean": 0.5,
        "cv_f1_mean": pytest.approx(f1),
        "cv_roc_auc_mean": 0.5,
    }


def test_metrics_of_three_classes_are_macro_averages() -> None:
    truth = np.array([0, 0, 0, 1, 1, 2])
    predicted = np.array([0, 0, 1, 1, 1, 0])
    metrics = classification_metrics(truth, predicted, np.array([0, 1, 2]), None)
    assert metrics == pytest.approx(
        {"accuracy": 4 / 6, "balanced_accuracy": 5 / 9, "f1": (2 / 3 + 4 / 5 + 0) / 3}
    )


def test_regression_metrics_are_positive_errors_in_the_targets_unit() -> None:
    metrics = regression_metrics(np.array([1.0, 2.0, 6.0]), np.array([1.0, 4.0, 2.0]))
    assert metrics == pytest.approx({"rmse": math.sqrt(20 / 3), "mae": 2.0, "r2": 1 - 20 / 14})
    assert regression_metrics(np.array([1.0]), np.array([4.0])) == {"rmse": 3.0, "mae": 3.0}


def test_a_summary_leaves_out_what_a_fold_could_not_measure() -> None:
    assert summarise([{"mae": 1.0, "r2": 0.5}, {"mae": 4.0}]) == {
        "cv_mae_mean": 2.5,
        "cv_mae_std": 1.5,
    }


def test_folds_are_shuffled_by_the_seed() -> None:
    frame = pd.DataFrame({"x": np.arange(40.0)})
    target = pd.Series(np.where(frame["x"] < 30, 1.0, 50.0))
    pipeline = Pipeline([("estimator", DummyRegressor())])
    metrics = [
        summarise(cross_validate(pipeline, frame, target, Folds("regression", 4, seed)))
        for seed in (1, 1, 2)
    ]
    spread = [each["cv_rmse_std"] for each in metrics]
    assert spread[0] == spread[1] != spread[2]
    assert spread[0] < 8  # the last fold of a sorted target alone would be off by 36


def test_a_class_that_a_fold_did_not_learn_has_no_probability(
    recwarn: pytest.WarningsRecorder,
) -> None:
    target = labels(a=6, b=5, c=1)
    frame = pd.DataFrame({"x": np.arange(12.0)})
    pipeline = Pipeline([("estimator", DummyClassifier(strategy="prior"))])

    metrics = summarise(cross_validate(pipeline, frame, target, Folds("classification", 2, seed=0)))

    assert metrics["cv_accuracy_mean"] == 0.5
    assert math.isfinite(metrics["cv_log_loss_mean"])
    assert "cv_roc_auc_mean" not in metrics
    assert [str(warning.message) for warning in recwarn] == []


def test_an_estimator_without_probabilities_has_the_metrics_of_its_labels() -> None:
    frame = pd.DataFrame({"x": np.arange(20.0)})
    target = pd.Series(np.where(frame["x"] < 8, 5, 7))
    pipeline = Pipeline([("estimator", LinearSVC())])
    metrics = summarise(cross_validate(pipeline, frame, target, Folds("classification", 2, seed=0)))
    names = {name.removesuffix("_mean") for name in metrics if name.endswith("_mean")}
    assert names == {"cv_accuracy", "cv_balanced_accuracy", "cv_f1"}


def test_a_perfect_model_has_no_error() -> None:
    frame = pd.DataFrame({"x": np.arange(20.0)})
    pipeline = Pipeline([("estimator", LinearRegression())])
    metrics = summarise(
        cross_validate(pipeline, frame, frame["x"] * 3, Folds("regression", 5, seed=0))
    )
    assert metrics["cv_rmse_mean"] == pytest.approx(0, abs=1e-9)
    assert metrics["cv_r2_mean"] == pytest.approx(1)


@pytest.mark.parametrize("metric", [metric for names in METRICS.values() for metric in names])
def test_less_is_better_where_a_scorer_of_scikit_learn_turns_the_sign(metric: str) -> None:
    assert (get_scorer(SCORERS.get(metric, metric))._sign < 0) is is_error(metric)
