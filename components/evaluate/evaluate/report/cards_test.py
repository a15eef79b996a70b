from typing import Any

import pytest

from evaluate.report.cards import beside_champion, card_metrics, distance, first_screen


def metric(name: str, value: float, low: float | None, high: float | None) -> dict[str, Any]:
    return {"name": name, "value": value, "low": low, "high": high}


def check(name: str, value: float | None, threshold: float, **more: Any) -> dict[str, Any]:
    shown = "not computed" if value is None else str(value)
    given = {"metric": name, "value": value, "threshold": threshold, "passed": True}
    return {**given, "shown": shown, "demand": f">= {threshold}", **more}


def document(**changes: Any) -> dict[str, Any]:
    """Of a classification whose accuracy of 0.9 is far above a constant's, and recall is not."""
    return {
        "task": "classification",
        "target": "heart",
        "rows": 605,
        "passed": True,
        "main_metric": "accuracy",
        "positive_class": "Cardiac",
        "metrics": [
            metric("accuracy", 0.9, 0.85, 0.95),
            metric("f1", 0.5, 0.4, 0.6),
            metric("log_loss", 0.3, 0.25, 0.7),
            metric("recall", 0.5, None, None),
            metric("roc_auc", 0.97, 0.96, 0.98),
        ],
        "baseline": {"accuracy": 0.8, "balanced_accuracy": 0.5, "log_loss": 0.6},
        "confidence_of_intervals": 0.95,
        "checks": [check("accuracy", 0.9, 0.75)],
        "shown_as": {"recall": 'recall of "Cardiac"'},
        **changes,
    }


def test_the_verdict_is_a_word_and_a_sentence_and_the_positive_class_is_named() -> None:
    text = first_screen(document())

    assert "passed</span></strong> The check passed.</p>" in text
    assert "A classification of heart, on 605 test rows. The positive class is “Cardiac”." in text


def test_a_failure_says_which_check_and_why() -> None:
    late = check("recall", 0.5, 0.7, passed=False)
    unsure = check("accuracy", 0.9, 0.85, passed=False, reason="the confidence in it is 0.7")
    checks = [late, unsure, check("roc_auc", 0.97, 0.9)]

    text = first_screen(document(passed=False, checks=checks))

    assert (
        "2 of 3 checks failed: recall of &quot;Cardiac&quot; is 0.5, must be &gt;= 0.7; "
        "accuracy is 0.9: the confidence in it is 0.7."
    ) in text
    assert text.count('<li class="card fail-box">') == 2
    assert text.count('<li class="card pass-box">') == 1


def test_a_card_has_the_interval_the_distance_and_the_constant() -> None:
    text = first_screen(document())

    assert (
        '<p class="name">accuracy</p><p class="value">0.9</p><p>95% interval 0.85 to 0.95' in text
    )
    assert "passed</span>: 0.15 above the threshold 0.75</p>" in text
    assert "<p>best constant answer 0.8: the model is clearly better</p>" in text
    assert "<p>best constant answer 0.6: the model is not clearly better</p>" in text


def test_what_is_checked_comes_before_what_is_usual() -> None:
    checks = [check("recall", 0.5, 0.4), check("made_up", None, 1.0, passed=False)]

    assert card_metrics(document(checks=checks)) == ["accuracy", "recall", "made_up", "roc_auc"]
    assert "<p>not computed</p>" not in first_screen(document(checks=checks))
    assert '<p class="value">not computed</p>' in first_screen(document(checks=checks))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"threshold": 0.9}, "equal to the threshold 0.9", id="equal"),
        pytest.param({"threshold": 0.95}, "0.05 below the threshold 0.95", id="below"),
        pytest.param(
            {"threshold": 0.5, "baseline": True},
            "0.4 above the best constant answer 0.5",
            id="baseline",
        ),
        pytest.param(
            {"champion": 0.8, "threshold": 0.8, "reason": "the confidence in it is 0.6"},
            "0.1 above the limit of the champion 0.8, but the confidence in it is 0.6",
            id="unsure",
        ),
        pytest.param(
            {"threshold": None, "champion": None, "note": "there is no champion"},
            "there is no champion",
            id="no champion",
        ),
    ],
)
def test_the_distance_to_a_limit_is_in_words(changes: dict[str, Any], words: str) -> None:
    assert distance(check("accuracy", 0.9, 0.0) | changes) == words


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.01, 0.03, "better"),
        (-0.03, -0.01, "worse"),
        (-0.01, 0.03, "not clearly better or worse"),
    ],
)
def test_the_champion_is_beside_the_value(low: float, high: float, word: str) -> None:
    found = document(
        champion={"metrics": {"accuracy": 0.88}},
        differences=[metric("accuracy", 0.02, low, high)],
    )

    assert beside_champion(found, "accuracy") == (
        f"champion 0.88: the model is {word} (difference +0.02, interval {low} to {high})"
    )
    assert beside_champion(found, "recall") == ""
