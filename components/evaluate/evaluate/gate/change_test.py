from typing import Any

import pytest

from evaluate.gate.change import Change

ABSOLUTE, RELATIVE = "min_absolute_change", "min_relative_change"


@pytest.mark.parametrize(
    ("change", "value", "champion", "passed"),
    [
        pytest.param(Change("m", ABSOLUTE, 0.0), 0.8, 0.8, True, id="a tie passes a change of 0"),
        pytest.param(Change("m", ABSOLUTE, 0.0), 0.79, 0.8, False, id="worse"),
        pytest.param(Change("m", ABSOLUTE, 0.0), 0.8, 0.79, True, id="better"),
        pytest.param(Change("m", ABSOLUTE, 0.25), 0.75, 0.5, True, id="exactly by the change"),
        pytest.param(Change("m", ABSOLUTE, 0.25), 0.74, 0.5, False, id="better by too little"),
        pytest.param(Change("m", ABSOLUTE, 0.5, False), 2.5, 3.0, True, id="an error fell enough"),
        pytest.param(Change("m", ABSOLUTE, 0.5, False), 3.0, 2.5, False, id="an error rose"),
        pytest.param(Change("m", RELATIVE, 0.5), 0.75, 0.5, True, id="half as much again"),
        pytest.param(Change("m", RELATIVE, 0.5), 0.74, 0.5, False, id="less than half"),
        pytest.param(Change("m", RELATIVE, 0.5), -1.0, -2.0, True, id="a negative champion"),
        pytest.param(Change("m", RELATIVE, 0.5), -1.1, -2.0, False, id="still too negative"),
        pytest.param(Change("m", RELATIVE, 0.25, False), 1.5, 2.0, True, id="an error a quarter"),
        pytest.param(Change("m", RELATIVE, 0.25, False), 1.6, 2.0, False, id="not a quarter"),
        pytest.param(Change("m", RELATIVE, 0.5), 0.0, 0.0, False, id="nothing beside nothing"),
        pytest.param(Change("m", RELATIVE, 0.5), 1e-9, 0.0, True, id="more than nothing"),
        pytest.param(Change("m", RELATIVE, 0.5, False), 0.0, 0.0, False, id="no error beside none"),
    ],
)
def test_compares_as_mlflow_does(
    change: Change, value: float, champion: float, passed: bool
) -> None:
    assert change.check(value, champion, 0.5).passed is passed


@pytest.mark.parametrize(
    ("asked", "found", "reason"),
    [
        pytest.param(None, 0.1, "", id="not asked for"),
        pytest.param(0.9, 0.9, "", id="just enough"),
        pytest.param(
            0.9, 0.85, "the confidence in it is 0.85, below the 0.9 asked for", id="too little"
        ),
        pytest.param(
            0.9, None, "the confidence in a change of m cannot be computed", id="not computable"
        ),
    ],
)
def test_the_confidence_is_part_of_the_gate_if_asked_for(
    asked: float | None, found: float | None, reason: str
) -> None:
    check = Change("m", ABSOLUTE, 0.0, confidence=asked).check(0.9, 0.8, found)

    assert (check.passed, check.reason) == (not reason, reason)


@pytest.mark.parametrize(
    ("value", "champion", "reason"),
    [
        pytest.param(None, 0.5, "m was not computed", id="of the model"),
        pytest.param(0.5, None, "m was not computed for the champion", id="of the champion"),
    ],
)
def test_a_number_that_is_not_there_fails(
    value: float | None, champion: float | None, reason: str
) -> None:
    check = Change("m", ABSOLUTE, 0.0).check(value, champion, None)

    assert (check.passed, check.reason) == (False, reason)


def test_the_first_model_passes_with_a_note_if_it_has_the_metric() -> None:
    change = Change("m", ABSOLUTE, 0.5)

    first = change.waive(0.1, "there is no champion")
    assert (first.passed, first.note, first.limit) == (True, "there is no champion", None)
    assert change.waive(None, "there is no champion").passed is False


def test_the_document_says_what_was_asked_and_found() -> None:
    expected: dict[str, Any] = {
        "metric": "mae",
        "value": 2.0,
        "threshold": 1.5,
        "greater_is_better": False,
        "passed": False,
        "champion": 2.5,
        "confidence": None,
        "min_absolute_change": 1.0,
        "min_confidence": 0.9,
    }
    check = Change("mae", ABSOLUTE, 1.0, False, 0.9).check(2.0, 2.5, None)

    assert check.to_json() == expected
