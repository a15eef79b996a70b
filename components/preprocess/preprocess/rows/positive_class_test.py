from typing import Any

import pytest

from preprocess.conftest import Preprocess

# 14 rows of one class, 6 of the other; 20 numbers that say nothing about it.
X = [float(n * n % 7) + n / 100 for n in range(20)]


def table(*labels: Any) -> dict[str, Any]:
    return {"x": X[: len(labels)], "y": list(labels)}


@pytest.mark.parametrize(
    ("labels", "positive"),
    [
        pytest.param(["NonCardiac"] * 14 + ["Cardiac"] * 6, "Cardiac", id="the rarer, in front"),
        pytest.param(["no"] * 14 + ["yes"] * 6, "yes", id="the rarer, and last"),
        pytest.param([0] * 6 + [1] * 14, 0, id="a number"),
        pytest.param(["a", "b"] * 10, "b", id="the last of two with as many rows"),
        pytest.param([True] * 6 + [False] * 14, "true", id="a boolean"),
        pytest.param(["a"] * 10 + ["b"] * 6 + ["c"] * 4, None, id="none of three"),
    ],
)
def test_the_positive_class_is_the_rarer_of_two(
    preprocess: Preprocess, labels: list[Any], positive: Any
) -> None:
    outcome = preprocess(table(*labels), "--task", "classification")
    assert outcome.schema["target"].get("positive_class") == positive


@pytest.mark.parametrize(
    ("labels", "asked", "positive"),
    [
        pytest.param(["no"] * 14 + ["yes"] * 6, "no", "no", id="a text"),
        pytest.param([-1] * 6 + [1] * 14, "-1", -1, id="a number is one in the schema"),
    ],
)
def test_the_positive_class_can_be_chosen(
    preprocess: Preprocess, labels: list[Any], asked: str, positive: Any
) -> None:
    outcome = preprocess(table(*labels), f"--positive-class={asked}", "--task=classification")
    assert outcome.schema["target"]["positive_class"] == positive
    assert f"with 2 classes, of which {positive!r} is positive" in outcome.out


def test_rows_without_a_target_or_dropped_do_not_count(preprocess: Preprocess) -> None:
    missing = table(*["no"] * 8, *["yes"] * 7, *[None] * 5)
    missing["x"][:3] = [1.0] * 3
    outcome = preprocess(
        missing, "--duplicates=drop", "--allowed-checks", '["without_target", "duplicates"]'
    )
    assert outcome.report["rows"]["duplicates"] == 2
    assert outcome.schema["target"]["positive_class"] == "no"


def test_an_earlier_schema_keeps_its_positive_class(preprocess: Preprocess) -> None:
    earlier = preprocess(table(*["no"] * 14, *["yes"] * 6), "--positive-class=no")
    schema = str(earlier.folder / "schema")
    again = preprocess(table(*["no"] * 13, *["yes"] * 7), "--reference-schema", schema)
    assert again.schema["target"]["positive_class"] == "no"


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        pytest.param(
            ["no"] * 14 + ["yes"] * 6,
            "--positive-class: 'Yes' is not a class of 'y'; give one of 'no', 'yes'",
            id="a class that is not there",
        ),
        pytest.param(
            ["Yes", "no", "so", "Yes"] * 5,
            "--positive-class: 'Yes' is of no use, as the target 'y' has 3 classes, not two; "
            "leave it out",
            id="three classes",
        ),
        pytest.param(
            [n / 3 for n in range(20)],
            "--positive-class: 'Yes' is of no use, as the target 'y' is a number to predict; "
            "leave it out",
            id="a regression",
        ),
    ],
)
def test_a_class_that_cannot_be_positive_is_refused(
    preprocess: Preprocess, labels: list[Any], message: str
) -> None:
    preprocess(table(*labels), "--positive-class", "Yes").assert_failed(message)
