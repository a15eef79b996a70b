from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import ParameterSampler

from train.__main__ import parse_options
from train.conftest import Step, customers
from train.job import Job, prepare
from train.models import MODELS
from train.search.trials import Plan

TARGET_OF = {"classification": "income class", "regression": "price"}


def job(step: Step, target: str, search: dict[str, Any], *more: str) -> Job:
    step.write(customers(), target)
    return prepare(parse_options(step.flags("--search", json.dumps(search), *more)))


def plan(job: Job) -> Plan:
    assert job.plan
    return job.plan


def draw(job: Job, number: int = 400) -> list[dict[str, Any]]:
    return list(ParameterSampler(plan(job).space, number, random_state=3))


@pytest.mark.parametrize(
    ("values", "low", "high", "whole"),
    [
        pytest.param({"max_depth": {"low": 2, "high": 4}}, 2, 4, True, id="whole"),
        pytest.param({"max_depth": {"low": 2.0, "high": 4.0}}, 2, 4, True, id="whole-as-1.0"),
        pytest.param({"max_iter": {"low": 1, "high": 3, "log": True}}, 1, 3, True, id="whole-log"),
        pytest.param({"l2_regularization": {"low": 1, "high": 9}}, 1, 9, False, id="fractions"),
        pytest.param(
            {"learning_rate": {"low": 0.01, "high": 1, "log": True}}, 0.01, 1, False, id="log"
        ),
    ],
)
def test_a_range_is_drawn_from_between_both_bounds(
    step: Step, values: dict[str, Any], low: float, high: float, whole: bool
) -> None:
    drawn = [next(iter(trial.values())) for trial in draw(job(step, "price", {"space": values}))]
    if whole:
        assert set(drawn) == set(range(int(low), int(high) + 1))
        return
    assert low <= min(drawn) < low * 1.2
    assert high * 0.9 < max(drawn) <= high
    assert all(value % 1 for value in drawn)


def test_log_draws_every_order_of_magnitude_alike(step: Step) -> None:
    space = {
        "max_iter": {"low": 1, "high": 10_000, "log": True},
        "l2_regularization": {"low": 1e-4, "high": 1, "log": True},
    }
    drawn = draw(job(step, "price", {"space": space}), 1000)
    assert 50 < np.median([trial["max_iter"] for trial in drawn]) < 200
    assert 0.005 < np.median([trial["l2_regularization"] for trial in drawn]) < 0.02


@pytest.mark.parametrize(("task", "model"), list(MODELS), ids=str)
def test_every_model_has_a_space_that_its_estimator_takes(
    step: Step, task: str, model: str
) -> None:
    found = job(step, TARGET_OF[task], {"trials": 7}, "--model", model)
    assert (plan(found).method, plan(found).trials) == ("random", 7)
    assert plan(found).metric == {"classification": "accuracy", "regression": "rmse"}[task]
    assert sorted(plan(found).space) == sorted(MODELS[task, model].space)
    for trial in draw(found, 50):
        found.pipeline[-1].set_params(**trial)._validate_params()


def test_what_the_user_fixes_leaves_the_space_of_the_model(step: Step) -> None:
    fixed = ["--model-params", '{"max_depth": 3}', "--model", "random_forest"]
    assert sorted(plan(job(step, "price", {"trials": 2}, *fixed)).space) == [
        "max_features",
        "min_samples_leaf",
    ]


def test_lists_hold_no_more_trials_than_combinations(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    space = {"max_depth": [2, None, 5], "max_leaf_nodes": [7, 15]}
    assert plan(job(step, "price", {"space": space})).trials == 6
    assert "running 6 of 20 trials, because the space has no others" in capsys.readouterr().err
    assert plan(job(step, "price", {"space": space, "trials": 4})).trials == 4


def test_weights_in_a_list_are_of_the_classes_as_they_are(step: Step) -> None:
    space = {"class_weight": [{"0": 1, "1": 2, "2": 7}, "balanced"]}
    assert plan(job(step, "grade", {"space": space})).space == {
        "class_weight": [{0: 1, 1: 2, 2: 7}, "balanced"]
    }
