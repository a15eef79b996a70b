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


def test_it_says_for_whom_it_is_worse_and_what_it_was_made_from() -> None:
    text = summary(document())

    assert "<dt>For whom worse</dt><dd>not looked at: no slices were asked for</dd>" in text
    assert "<dd>s3://a/b.csv, release 1.4.0, model m-1</dd>" in text


def test_the_worst_slices_come_first_and_only_those_that_are_clearly_worse() -> None:
    parts = [part("b", 15, 14, 16), part("c", 20, 5, 40), part("a", 40, 30, 50), part("d", 2, 1, 3)]

    text = summary(document(slices=parts))

    assert "<dd>town a (rmse 40 on 38 rows); town b (rmse 15 on 38 rows)</dd>" in text


@pytest.mark.parametrize(("count", "more"), [(4, "1 more slice<"), (5, "2 more slices<")])
def test_the_other_slices_that_are_worse_are_counted(count: int, more: str) -> None:
    parts = [part(f"{number}", 20 + number, 19, 50) for number in range(count)]

    assert f"; and {more}" in summary(document(slices=parts))


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


def test_without_slices_the_worst_class_is_named() -> None:
    classes = [
        {"label": "<a>", "rows": 9, "recall": 0.5},
        {"label": "b", "rows": 90, "recall": 0.9},
    ]

    assert "the class &lt;a&gt;, of which 50% of 9 rows are found" in summary(
        document(task="classification", classes=classes)
    )
