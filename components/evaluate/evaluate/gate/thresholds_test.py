import pytest

from evaluate.gate.change import Change
from evaluate.gate.thresholds import Threshold, parse_thresholds
from pinion_step.errors import StepError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", (), id="empty means not given"),
        pytest.param("{}", (), id="none"),
        pytest.param('{"accuracy": 0.9}', (Threshold("accuracy", 0.9, True),), id="minimum"),
        pytest.param('{"r2": -1}', (Threshold("r2", -1.0, True),), id="whole and negative"),
        pytest.param(
            '{"rmse": {"threshold": 0.8, "greater_is_better": false}}',
            (Threshold("rmse", 0.8, False),),
            id="maximum in the long form",
        ),
        pytest.param(
            '{"recall": 0.2, "accuracy": {"threshold": 0.9, "greater_is_better": true}}',
            (Threshold("recall", 0.2), Threshold("accuracy", 0.9)),
            id="several keep their order",
        ),
        pytest.param(
            '{"roc_auc": {"min_absolute_change": 0.0}}',
            (Change("roc_auc", "min_absolute_change", 0.0, True),),
            id="no worse than the champion",
        ),
        pytest.param(
            '{"mae": {"min_relative_change": 0.25, "confidence": 0.9}}',
            (Change("mae", "min_relative_change", 0.25, False, 0.9),),
            id="an error has to be smaller than the champion's",
        ),
        pytest.param(
            '{"mae": {"threshold": 3, "greater_is_better": false, "min_absolute_change": 0.5, '
            '"min_relative_change": 0.25, "confidence": 0.9}}',
            (
                Threshold("mae", 3.0, False),
                Change("mae", "min_absolute_change", 0.5, False, 0.9),
                Change("mae", "min_relative_change", 0.25, False, 0.9),
            ),
            id="everything at once",
        ),
    ],
)
def test_parses(text: str, expected: tuple[Threshold | Change, ...]) -> None:
    assert parse_thresholds(text).requirements == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("{accuracy: 1}", "not valid JSON", id="malformed"),
        pytest.param("[" * 100_000, "not valid JSON", id="nested too deep"),
        pytest.param("[0.9]", "must be a JSON object, not [0.9]", id="a list"),
        pytest.param("null", "must be a JSON object, not null", id="null"),
        pytest.param('{"f1": 1, "f1": 0}', "'f1' is given twice", id="twice"),
        pytest.param('{"f1": true}', "f1 must be a finite number, not true", id="a bool"),
        pytest.param('{"f1": "0.9"}', 'f1 must be a finite number, not "0.9"', id="a string"),
        pytest.param('{"f1": null}', "f1 must be a finite number, not null", id="null limit"),
        pytest.param('{"f1": NaN}', "f1 must be a finite number, not NaN", id="NaN"),
        pytest.param('{"f1": 1e999}', "finite number, not Infinity", id="infinite"),
        pytest.param('{"f1": 1' + "0" * 400 + "}", "finite number", id="too large"),
        pytest.param(
            '{"mae": 2}',
            'write {"mae": {"threshold": 2, "greater_is_better": false}}',
            id="a minimum of an error",
        ),
        pytest.param(
            '{"f1": {"threshold": 0.5, "minimum": 1, "greater_is_better": true}}',
            "'minimum' is not a key of f1; give one of threshold, min_absolute_change, ",
            id="unknown key",
        ),
        pytest.param(
            '{"f1": {"min_absolute_change": -0.1}}', "f1 must be 0 or more, not -0.1", id="worse"
        ),
        pytest.param(
            '{"f1": {"min_relative_change": 1.5}}', "from 0 to 1, not 1.5", id="relative beyond 1"
        ),
        pytest.param(
            '{"f1": {"min_absolute_change": 0, "confidence": 95}}',
            "the confidence of f1 must be from 0 to 1, not 95",
            id="confidence in percent",
        ),
        pytest.param(
            '{"f1": {"min_absolute_change": null}}',
            "min_absolute_change of f1 must be a finite number, not null",
            id="null change",
        ),
        pytest.param(
            '{"f1": {"threshold": 1, "greater_is_better": true, "confidence": 0.9}}',
            "confidence of f1 needs a change; add min_absolute_change",
            id="confidence without a change",
        ),
        pytest.param(
            '{"f1": {"threshold": 1, "min_absolute_change": 0}}',
            "f1 needs 'greater_is_better'",
            id="no direction beside a change",
        ),
        pytest.param(
            '{"f1": {"threshold": 0.5}}', "f1 needs 'greater_is_better'", id="no direction"
        ),
        pytest.param('{"f1": {"greater_is_better": true}}', "f1 needs 'threshold'", id="no limit"),
        pytest.param(
            '{"f1": {"threshold": 0.5, "greater_is_better": "no"}}',
            'greater_is_better of f1 must be true or false, not "no"',
            id="direction as text",
        ),
        pytest.param(
            '{"f1": {"threshold": false, "greater_is_better": true}}',
            "finite number, not false",
            id="a bool in the long form",
        ),
    ],
)
def test_refuses(text: str, complaint: str) -> None:
    with pytest.raises(StepError) as refused:
        parse_thresholds(text)

    assert complaint in str(refused.value)
    assert refused.value.exit_code == 2
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize(
    ("threshold", "value", "passed"),
    [
        pytest.param(Threshold("m", 0.9), 0.91, True, id="above a minimum"),
        pytest.param(Threshold("m", 0.9), 0.9, True, id="at a minimum"),
        pytest.param(Threshold("m", 0.9), 0.89, False, id="below a minimum"),
        pytest.param(Threshold("m", 3.0, False), 2.9, True, id="below a maximum"),
        pytest.param(Threshold("m", 3.0, False), 3.0, True, id="at a maximum"),
        pytest.param(Threshold("m", 3.0, False), 3.1, False, id="above a maximum"),
        pytest.param(Threshold("m", 0.9, baseline=True), 0.9, False, id="at the baseline"),
        pytest.param(Threshold("m", 0.9, baseline=True), 0.91, True, id="above the baseline"),
        pytest.param(Threshold("m", 3.0, False, True), 3.0, False, id="at a baseline error"),
        pytest.param(Threshold("m", 3.0, False, True), 2.9, True, id="below a baseline error"),
    ],
)
def test_holds_a_metric_against_its_limit(threshold: Threshold, value: float, passed: bool) -> None:
    assert threshold.hold({"m": value, "other": 100.0}).passed is passed


def test_a_metric_that_was_not_computed_fails() -> None:
    check = Threshold("roc_auc", 0.5).hold({"accuracy": 1.0})

    assert (check.value, check.passed) == (None, False)
