from dataclasses import replace
from pathlib import Path

import pytest

from evaluate.gate.change import Check
from evaluate.gate.evaluation import Evaluation
from evaluate.gate.thresholds import Threshold
from evaluate.inputs.model import ModelFolder
from evaluate.measure.metrics import Measurement
from evaluate.report.console import left_out, table, verdict

MODEL = ModelFolder("m-1", "r1", "y", "regression", "1.9.1", Path("model.skops"))


def checked(threshold: Threshold, value: float | None) -> Check:
    return threshold.hold({} if value is None else {threshold.metric: value})


def evaluation(*checks: Check) -> Evaluation:
    measurement = Measurement({"rmse": 0.5, "mae": 0.25}, ("r2: left out, as it is nan",))
    return Evaluation(MODEL, 114, measurement, {"rmse": 2.0}, checks, None)


def test_the_table_is_aligned() -> None:
    checks = [
        checked(Threshold("rmse", 0.8, False), 0.5),
        checked(Threshold("r2", 0.25), None),
        checked(Threshold("rmse", 0.25, False, baseline=True), 0.5),
    ]

    assert table(evaluation(*checks)) == [
        "metric  value         threshold          check",
        "rmse    0.5           <= 0.8             pass",
        "r2      not computed  >= 0.25            FAIL",
        "rmse    0.5           < 0.25 (baseline)  FAIL",
    ]


def test_the_class_of_a_metric_is_named() -> None:
    checks = (
        checked(Threshold("recall", 0.9), 0.5),
        checked(Threshold("roc_auc", 0.6), 0.75),
        checked(Threshold("f1", 0.4), 0.4),
    )
    label = "Cardiac,\nof a kind that has a very long name"
    found = replace(evaluation(*checks), positive_class=label)

    assert [line.split("  ")[0] for line in table(found)[1:]] == [
        'recall of "Cardiac, of a kind that has a very long…"',
        "roc_auc",
        'f1 of "Cardiac, of a kind that has a very long…"',
    ]


@pytest.mark.parametrize(
    ("value", "limit", "shown"),
    [
        pytest.param(1 / 3, 0.9, "0.333333", id="six digits"),
        pytest.param(0.1 + 0.2, 0.3, "0.30000000000000004", id="all where six would lie"),
        pytest.param(0.3, 0.3, "0.3", id="equal"),
        pytest.param(1037227.67, 0.9, "1037228", id="millions"),
        pytest.param(1.5e-7, 0.9, "1.5e-07", id="tiny"),
    ],
)
def test_a_value_never_looks_equal_to_a_limit_that_it_is_not(
    value: float, limit: float, shown: str
) -> None:
    assert table(evaluation(checked(Threshold("m", limit), value)))[1].split()[1] == shown


def test_the_verdict_counts_the_checks() -> None:
    passed = checked(Threshold("mae", 0.5, False), 0.25)
    failed = checked(Threshold("r2", 0.25), None)

    assert verdict(evaluation(passed)) == "evaluation passed: 1 of 1 check passed on 114 test rows"
    assert verdict(evaluation(passed, failed, failed)) == (
        "evaluation failed: 1 of 3 checks passed on 114 test rows"
    )


def test_the_log_names_what_was_left_out_and_what_is_known() -> None:
    failed = checked(Threshold("accuracy", 0.9), None)

    assert left_out(evaluation(failed)) == [
        "r2: left out, as it is nan",
        "accuracy: not computed, so its check fails; give one of mae, rmse",
    ]
