from dataclasses import replace

import pytest

from register.card import model_card
from register.evaluation import Check, Compared, EvaluationResult

RESULT = EvaluationResult(True, "m-1", "r1", ())


def shown(result: EvaluationResult, tags: dict[str, str]) -> str:
    """Return the card without the spaces between the columns of its table."""
    return model_card(result, tags).replace("&emsp;", "")


def accuracy(value: float, threshold: float | None, baseline: bool = False) -> Check:
    return Check("accuracy", value, threshold, True, passed=True, baseline=baseline)


@pytest.mark.parametrize(
    ("value", "threshold", "row"),
    [
        pytest.param(59 / 60, 19 / 30, "| accuracy | 0.9833 | >= 0.633333 |", id="shortened"),
        pytest.param(3, 2.5, "| accuracy | 3.0000 | >= 2.5 |", id="whole"),
        pytest.param(0.5, 0.5, "| accuracy | 0.5000 | >= 0.5 |", id="the limit"),
        pytest.param(0.98764, 0.98762, "| accuracy | 0.98764 | >= 0.98762 |", id="a close call"),
        pytest.param(0.75, None, "| accuracy | 0.7500 | no champion |", id="no champion"),
    ],
)
def test_a_check_has_the_digits_that_tell_something(
    value: float, threshold: float | None, row: str
) -> None:
    card = shown(replace(RESULT, checks=(accuracy(value, threshold),)), {})

    assert row in card.splitlines()


def test_the_figures_are_those_of_the_report() -> None:
    result = replace(
        RESULT,
        checks=(accuracy(0.956, 0.5, baseline=True),),
        metrics={"roc_auc": 0.98765, "accuracy": 0.956, "log_loss": 0.0705667},
        intervals={"accuracy": (0.9123, 0.991), "log_loss": (0.05, 0.1)},
        champion={"accuracy": 0.95, "log_loss": 0.08, "roc_auc": 0.97},
        compared=Compared("income", 3),
        rows=114,
    )

    card = shown(result, {"pinion.release": "2026.11", "pinion.dataset.sha256": "c0ffee"})

    assert card == (
        "accuracy 0.9560 (0.9123 to 0.9910); measured on 114 rows that the model was not trained"
        " on.\n\n"
        "| metric | value | 95 % interval | must be | champion | difference |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: |\n"
        "| accuracy | 0.9560 | 0.9123 to 0.9910 | > 0.5 (baseline) | 0.9500 | +0.0060 |\n"
        "| log_loss | 0.0706 | 0.0500 to 0.1000 |  | 0.0800 | -0.0094 |\n"
        "| roc_auc | 0.9877 |  |  | 0.9700 | +0.0177 |\n\n"
        "- Champion: `models:/income/3`, measured on the same rows\n"
        "- SHA-256 of it: `c0ffee`\n"
        "- Release: `2026.11`"
    )


def test_a_metric_names_its_class() -> None:
    metrics = {'recall of "a|b"': 0.25, "accuracy": 0.75}

    card = shown(replace(RESULT, metrics=metrics), {})

    assert '| accuracy | 0.7500 |\n| recall of "a&#124;b" | 0.2500 |' in card
