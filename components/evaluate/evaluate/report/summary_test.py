from typing import Any

import pytest

from evaluate.report.summary import summary


def document(**changes: Any) -> dict[str, Any]:
    """Of a regression with an RMSE of 10 where a constant has 30."""
    return {
        "task": "regression",
        "main_metric": "rmse",
        "metrics": [{"name": "rmse", "value": 10.0, "low": 8.0, "high": 13.0}],
        "baseline": {"rmse": 30.0},
        "confidence_of_intervals": 0.95,
        "rows": 605,
        "checks": [],
        "shown_as": {},
        "slices": [],
        "provenance": {"dataset source": "s3://a/b.csv", "release": "1.4.0", "model": "m-1"},
        **changes,
    }


def part(value: str, rmse: float, low: float, high: float) -> dict[str, Any]:
    return {
        "column": "town",
        "value": value,
        "rows": 38,
        "metrics": {"rmse": rmse},
        "low": low,
        "high": high,
    }


def test_it_answers_the_four_questions() -> None:
    text = summary(document())

    assert "<dt>How good</dt><dd>rmse 10; at best, a constant answer has 30</dd>" in text
    assert "95% interval of rmse 8 to 13 on 605 test rows, all better than a constant" in text
    assert "<dt>For whom worse</dt><dd>not looked at: no slices were asked for</dd>" in text
    assert "<dd>s3://a/b.csv, release 1.4.0, model m-1</dd>" in text


def test_a_model_that_may_be_no_better_than_a_constant_is_not_called_better() -> None:
    text = summary(document(baseline={"rmse": 12.0}))

    assert "8 to 13 on 605 test rows, which is not clearly better than a constant answer" in text


def test_the_worst_slices_come_first_and_only_those_that_are_clearly_worse() -> None:
    parts = [part("b", 15, 14, 16), part("c", 20, 5, 40), part("a", 40, 30, 50), part("d", 2, 1, 3)]

    text = summary(document(slices=parts))

    assert "<dd>town a (rmse 40 on 38 rows); town b (rmse 15 on 38 rows)</dd>" in text


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (1.0, 3.0, "rmse is worse than that of models:/m/3 (+2, interval 1 to 3)"),
        (-3.0, -1.0, "rmse is better than that of models:/m/3 (+2, interval -3 to -1)"),
        (-1.0, 3.0, "rmse is neither clearly better nor worse than that of models:/m/3"),
    ],
)
def test_the_champion_is_beside_it(low: float, high: float, words: str) -> None:
    ahead = [{"name": "rmse", "value": 2.0, "low": low, "high": high}]
    champion = {"version": 3, "uri": "models:/m/3", "metrics": {"rmse": 8.0}}

    assert words in summary(document(champion=champion, differences=ahead))


def test_it_says_why_it_failed() -> None:
    check = {"metric": "rmse", "shown": "10", "demand": "<= 8", "passed": False}
    sure = check | {"demand": "<= 12 (champion)", "reason": "the confidence in it is 0.7"}

    text = summary(document(checks=[check, sure]))

    assert (
        "rmse 10, demanded &lt;= 8; rmse 10, demanded &lt;= 12 (champion): the confidence" in text
    )


def test_a_classification_is_beside_each_of_its_baselines() -> None:
    measured = {"accuracy": 0.9, "log_loss": 0.3, "recall": 0.5, "balanced_accuracy": 0.75}
    metrics = [{"name": n, "value": v, "low": 0.85, "high": 0.95} for n, v in measured.items()]
    check = {"metric": "recall", "shown": "0.5", "demand": ">= 0.9", "passed": False}

    text = summary(
        document(
            task="classification",
            main_metric="accuracy",
            metrics=metrics,
            baseline={"accuracy": 0.8, "balanced_accuracy": 0.5, "log_loss": 0.6},
            checks=[check],
            shown_as={"recall": 'recall of "Cardiac"'},
        )
    )

    assert (
        "accuracy 0.9, balanced_<wbr>accuracy 0.75, log_<wbr>loss 0.3; "
        "at best, a constant answer has 0.8, 0.5, 0.6"
    ) in text
    assert "recall of &quot;Cardiac&quot; 0.5, demanded &gt;= 0.9" in text


def test_without_slices_the_worst_class_is_named() -> None:
    classes = [
        {"label": "<a>", "rows": 9, "recall": 0.5},
        {"label": "b", "rows": 90, "recall": 0.9},
    ]

    assert "the class &lt;a&gt;, of which 50% of 9 rows are found" in summary(
        document(task="classification", classes=classes)
    )
