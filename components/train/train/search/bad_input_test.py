from __future__ import annotations

import json

import pytest

from train.conftest import Step, customers


def space(values: object) -> str:
    return json.dumps({"space": values})


@pytest.mark.parametrize(
    ("search", "complaint"),
    [
        pytest.param("{", "--search: '{' is not JSON", id="not-json"),
        pytest.param("[1]", "--search: '[1]' is not a JSON object such as", id="not-an-object"),
        pytest.param(
            '{"trails": 3}',
            "--search: 'trails' is not a key; the keys are method, trials, space, metric",
            id="unknown-key",
        ),
        pytest.param(
            '{"method": "grid"}',
            "--search: 'grid' is not a method; give one of random, halving",
            id="unknown-method",
        ),
        pytest.param('{"method": []}', "--search: [] is not a method", id="method-list"),
        pytest.param(
            '{"metric": "rmse"}',
            "--search: 'rmse' is not a metric of a classification; give one of accuracy,",
            id="metric-of-other-task",
        ),
        pytest.param('{"metric": 1}', "metric must be the name of a metric, got 1", id="metric"),
        pytest.param('{"trials": 0}', "between 1 and 1000, got 0", id="no-trials"),
        pytest.param('{"trials": 1001}', "between 1 and 1000, got 1001", id="many-trials"),
        pytest.param('{"trials": true}', "between 1 and 1000, got True", id="true-trials"),
        pytest.param('{"trials": "9"}', "between 1 and 1000, got '9'", id="text-trials"),
        pytest.param(space({}), "space must be an object of parameters", id="empty-space"),
        pytest.param(space([]), "space must be an object of parameters", id="list-space"),
        pytest.param(
            space({"max_dpth": [1]}),
            "--search: space: hist_gradient_boosting has no parameter 'max_dpth'; give one of "
            "class_weight,",
            id="unknown-parameter",
        ),
        pytest.param(space({"scoring": ["loss"]}), "'scoring' cannot be set", id="reserved"),
        pytest.param(
            space({"max_bins": [15, 255]}),
            "'max_bins' cannot be varied, because the encoding of the categories depends on it",
            id="same-in-every-trial",
        ),
        pytest.param(
            space({"l2_regularization": [0.5, 1]}),
            "'l2_regularization' is in the space and in --model-params; remove it from one of",
            id="fixed-too",
        ),
        pytest.param(space({"max_depth": []}), "'max_depth' must be a list of", id="empty-list"),
        pytest.param(space({"max_depth": 3}), "'max_depth' must be a list of", id="no-list"),
        pytest.param(space({"max_depth": {"low": 1}}), "must be a list of values or", id="no-high"),
        pytest.param(
            space({"max_depth": {"low": 1, "high": 3, "step": 1}}), "must be a list", id="step"
        ),
        pytest.param(
            space({"max_depth": {"low": 5, "high": 5}}),
            "low of 'max_depth' must be below high, got 5 and 5",
            id="low-is-high",
        ),
        pytest.param(
            space({"learning_rate": {"low": 0, "high": 1, "log": True}}),
            "low of 'learning_rate' must be above 0 if log is true, got 0",
            id="log-of-zero",
        ),
        pytest.param(
            space({"learning_rate": {"low": 0.1, "high": 1, "log": "yes"}}),
            "log of 'learning_rate' must be true or false, got 'yes'",
            id="log-as-text",
        ),
        pytest.param(
            space({"max_depth": {"low": "2", "high": 3}}), "must be numbers of", id="text-bound"
        ),
        pytest.param(
            space({"max_iter": {"low": 2, "high": 10**400}}), "must be numbers of", id="huge-bound"
        ),
        pytest.param(
            space({"max_depth": {"low": 2.5, "high": 9}}),
            "--search: space: The 'max_depth' parameter of HistGradientBoostingClassifier must",
            id="fraction-of-whole",
        ),
        pytest.param(
            space({"max_depth": {"low": -3, "high": 9}}),
            "The 'max_depth' parameter of HistGradientBoostingClassifier must be",
            id="bound-out-of-range",
        ),
        pytest.param(
            space({"max_leaf_nodes": [15, "many"]}),
            "The 'max_leaf_nodes' parameter of HistGradientBoostingClassifier must be an int",
            id="ill-typed-value",
        ),
    ],
)
def test_a_wrong_search_is_one_line_and_exit_2(
    step: Step, capsys: pytest.CaptureFixture[str], search: str, complaint: str
) -> None:
    step.write(customers(), "income class")

    assert step.run("--search", search, "--model-params", '{"l2_regularization": 0.5}') == 2

    error = capsys.readouterr().err
    assert error.startswith("train: error: --search")
    assert complaint in error
    assert error.count("\n") == 1
    assert step.left_behind() == []


def test_a_search_of_what_is_all_fixed_names_it(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    step.write(customers(), "price")
    flags = ["--model", "ridge", "--model-params", '{"alpha": 2}', "--search", '{"trials": 3}']
    assert step.run(*flags) == 2
    error = capsys.readouterr().err
    assert "--model-params sets every parameter that a search of ridge varies (alpha)" in error


def test_a_halving_of_few_rows_says_how_many_it_takes(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = customers(150)
    frame = frame.groupby("grade").head(6)  # of three classes
    assert step.write(frame, "grade").run("--search", '{"method": "halving"}') == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert "18 rows are too few for a halving, whose first round takes 30; give" in error


def test_a_parameter_of_the_run_cannot_have_the_name_of_one_of_the_search(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    step.write(customers(), "price")
    flags = ["--search", '{"trials": 3}', "--experiment-parameters", "search.best_trial=2"]
    assert step.run(*flags) == 2
    assert "'search.best_trial' is recorded by train itself" in capsys.readouterr().err
