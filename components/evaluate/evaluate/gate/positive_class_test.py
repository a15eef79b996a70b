import json
from typing import Any

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from evaluate.conftest import Example, Outcome, Run, Store

# What the models below say: Cardiac below 10.
TRAIN = pd.DataFrame({"f1": [0.0, 1.0, 2.0, 18.0, 19.0, 20.0], "y": ["Cardiac"] * 3 + ["Not"] * 3})
# One of four Cardiac is found, and all six of the others.
TEST = pd.DataFrame(
    {"f1": [3.0, 17.0, 18.0, 19.0, *range(14, 20)], "y": ["Cardiac"] * 4 + ["Not"] * 6}
)


def logged(store: Store, test: pd.DataFrame, certainty: float = 1e-3, **metadata: str) -> Example:
    model = LogisticRegression(C=certainty).fit(TRAIN[["f1"]], TRAIN["y"])
    return store.log(model, "y", "classification", test, **metadata)


def read(outcome: Outcome) -> dict[str, Any]:
    assert outcome.exit_code == 0, outcome.stderr
    document: dict[str, Any] = json.loads(outcome.result.read_text())
    return document


def test_the_models_positive_class_is_judged(store: Store, evaluate_step: Run) -> None:
    outcome = evaluate_step(
        logged(store, TEST, positive_class="Cardiac"), thresholds='{"recall": 0.9, "f1": 0.4}'
    )

    result = read(outcome)
    assert (result["passed"], result["positive_class"]) == (False, "Cardiac")
    metrics = result["metrics"]
    assert (metrics["recall"], metrics["precision"], metrics["f1"]) == (0.25, 1.0, 0.4)
    assert outcome.stdout.splitlines() == [
        "metric               value  threshold  check",
        'recall of "Cardiac"  0.25   >= 0.9     FAIL',
        'f1 of "Cardiac"      0.4    >= 0.4     pass',
        "evaluation failed: 1 of 2 checks passed on 10 test rows",
    ]
    report = outcome.report.read_text()
    assert "recall of &quot;Cardiac&quot;" in report
    assert "and the curves are of the class Cardiac, the positive one." in report


def test_a_model_of_an_earlier_release_has_the_last_class(store: Store, evaluate_step: Run) -> None:
    before = read(evaluate_step(logged(store, TEST), thresholds='{"recall": 0.9}'))

    assert (before["passed"], before["positive_class"]) == (True, "Not")
    assert before["metrics"]["recall"] == 1.0


def test_what_does_not_depend_on_the_class_is_the_same(store: Store, evaluate_step: Run) -> None:
    one = read(evaluate_step(logged(store, TEST, positive_class="Cardiac")))["metrics"]
    other = read(evaluate_step(logged(store, TEST, positive_class="Not")))["metrics"]

    assert {name for name in one if one[name] != pytest.approx(other[name])} == {
        "precision",
        "recall",
        "f1",
    }


def test_a_champion_is_measured_by_the_class_of_the_new_model(
    store: Store, evaluate_step: Run
) -> None:
    store.register(logged(store, TEST), "hospital")
    result = read(
        evaluate_step(
            logged(store, TEST, positive_class="Cardiac"),
            thresholds='{"recall": {"min_absolute_change": 0.0, "confidence": 0.5}}',
            compare_with="hospital/1",
        )
    )

    assert result["champion"]["metrics"]["recall"] == 0.25
    (check,) = result["checks"]
    assert (check["value"], check["threshold"], check["confidence"]) == (0.25, 0.25, 0.5)


def test_another_positive_class_than_the_models_is_refused(
    store: Store, evaluate_step: Run
) -> None:
    outcome = evaluate_step(logged(store, TEST, positive_class="cardiac"))

    assert outcome.exit_code == 1
    assert "the positive class 'cardiac' is not one of two classes" in outcome.stderr
    assert "['Cardiac', 'Not']; train it again" in outcome.stderr


@pytest.mark.parametrize(
    ("certainty", "f1", "failed"),
    [
        pytest.param(1e-3, [3.0] + [18.0] * 9, ["log_loss"], id="unsure of all"),
        pytest.param(1e-3, [17.0] * 10, ["balanced_accuracy", "log_loss"], id="a constant answer"),
        pytest.param(1e3, [3.0] + [18.0] * 9, [], id="sure and right"),
        pytest.param(1e3, [3.0, 3.0] + [18.0] * 7 + [3.0], ["log_loss"], id="sure and wrong"),
    ],
)
def test_the_default_gate_needs_balanced_accuracy_and_log_loss(
    store: Store,
    evaluate_step: Run,
    certainty: float,
    f1: list[float],
    failed: list[str],
) -> None:
    # 90 % of the rows are of one class, so a constant answer has an accuracy of 0.9.
    test = pd.DataFrame({"f1": f1, "y": ["Cardiac"] + ["Not"] * 9})
    result = read(evaluate_step(logged(store, test, certainty)))

    limits = {check["metric"]: check["threshold"] for check in result["checks"]}
    assert limits == {"balanced_accuracy": 0.5, "log_loss": pytest.approx(0.325083, abs=1e-6)}
    assert [each["metric"] for each in result["checks"] if not each["passed"]] == failed
    assert result["passed"] is not bool(failed)
