import pytest

from register.card import model_card
from register.evaluation import Check, EvaluationResult


@pytest.mark.parametrize(
    ("value", "threshold", "line"),
    [
        pytest.param(59 / 60, 19 / 30, "- accuracy is 0.9833, must be >= 0.6333", id="shortened"),
        pytest.param(3, 2.5, "- accuracy is 3, must be >= 2.5", id="whole"),
        pytest.param(0.5, 0.5, "- accuracy is 0.5, must be >= 0.5", id="the limit"),
        pytest.param(
            0.98764, 0.98762, "- accuracy is 0.98764, must be >= 0.98762", id="a close call"
        ),
    ],
)
def test_a_check_has_the_digits_that_tell_something(
    value: float, threshold: float, line: str
) -> None:
    check = Check("accuracy", value, threshold, True, passed=True, baseline=False)

    card = model_card(EvaluationResult(True, "m-1", "r1", (check,)), {})

    assert line in card.splitlines()


def test_a_metric_names_its_class() -> None:
    metrics = {'recall of "a|b"': 0.25, "accuracy": 0.75}

    card = model_card(EvaluationResult(True, "m-1", "r1", (), metrics=metrics), {})

    assert '| accuracy | 0.75 |\n| recall of "a&#124;b" | 0.25 |' in card
