from typing import Any

import pytest

from preprocess.conftest import Preprocess

ROWS = 60


def repeated(values: list[Any]) -> list[Any]:
    return (values * ROWS)[:ROWS]


@pytest.mark.parametrize(
    ("values", "flags", "task", "type_", "classes"),
    [
        pytest.param(["no", "yes"], [], "classification", "string", ["no", "yes"], id="text"),
        pytest.param(["1", "0"], [], "classification", "integer", [0, 1], id="0 and 1 as text"),
        pytest.param(["2.0", "1"], [], "classification", "integer", [1, 2], id="whole doubles"),
        pytest.param(["01", "2"], [], "classification", "string", ["01", "2"], id="codes"),
        pytest.param([True, False], [], "classification", "string", ["false", "true"], id="bool"),
        pytest.param([5, -3], [], "classification", "integer", [-3, 5], id="two numbers"),
        pytest.param(
            [1, 2, 10],
            ["--task", "classification"],
            "classification",
            "integer",
            [1, 2, 10],
            id="as asked",
        ),
        pytest.param(
            ["0.50", "2"],
            ["--task", "classification"],
            "classification",
            "string",
            ["0.50", "2"],
            id="fractions as labels",
        ),
        pytest.param([0.5, 2], [], "regression", "double", None, id="fractions"),
        pytest.param(list(range(21)), [], "regression", "double", None, id="21 whole numbers"),
        pytest.param(
            ["1", "2", "3"],
            ["--task", "regression"],
            "regression",
            "double",
            None,
            id="regression as asked",
        ),
    ],
)
def test_the_target_tells_the_task(
    preprocess: Preprocess,
    values: list[Any],
    flags: list[str],
    task: str,
    type_: str,
    classes: list[Any] | None,
) -> None:
    schema = preprocess({"x": range(ROWS), "y": repeated(values)}, *flags).schema
    assert schema["task"] == task
    assert schema["target"]["type"] == type_
    assert schema["target"].get("classes") == classes


def test_a_regression_keeps_the_values_and_their_range(preprocess: Preprocess) -> None:
    outcome = preprocess({"x": range(ROWS), "y": [n * 1e9 + 0.5 for n in range(ROWS)]})
    assert outcome.schema["target"] == {
        "name": "y",
        "type": "double",
        "min": 0.5,
        "max": 59e9 + 0.5,
    }
    assert outcome.rows.sort_values("x")["y"].tolist() == [n * 1e9 + 0.5 for n in range(ROWS)]
    assert "classes" not in outcome.report


def test_rows_without_a_target_are_dropped_and_counted(preprocess: Preprocess) -> None:
    outcome = preprocess({"x": range(ROWS), "y": repeated(["a", "b", "?", None, " b"])})
    assert outcome.report["rows"]["without_target"] == 24
    assert len(outcome.rows) == 36
    assert set(outcome.rows["x"] % 5) == {0.0, 1.0, 4.0}
    assert outcome.rows["y"].value_counts().to_dict() == {"b": 24, "a": 12}


@pytest.mark.parametrize(
    ("values", "flags", "words"),
    [
        pytest.param([1, 2, 3], [], ["3 distinct whole numbers", "--task"], id="not plain"),
        pytest.param(list(range(20)), [], ["20 distinct whole numbers"], id="twenty numbers"),
        pytest.param(["a"], [], ["'y' has one class only"], id="one class"),
        pytest.param([3], [], ["'y' has one class only"], id="one number"),
        pytest.param(["?", None], [], ["'y' has no values"], id="all missing"),
        pytest.param(["2024-01-31"], [], ["'y' holds dates"], id="dates"),
        pytest.param(["a", "b"], ["--task", "regression"], ["'y' is categorical"], id="text"),
        pytest.param(["yes", "no"], ["--task", "regression"], ["'y' is boolean"], id="boolean"),
        pytest.param([*"ab" * 29, "c"], [], ["the class 'c' of 'y' has 1 row"], id="a lone row"),
    ],
)
def test_a_target_that_cannot_be_learned_is_refused(
    preprocess: Preprocess, values: list[Any], flags: list[str], words: list[str]
) -> None:
    preprocess({"x": range(ROWS), "y": repeated(values)}, *flags).assert_failed(*words)


def test_a_target_that_is_no_column_names_the_nearest_first(preprocess: Preprocess) -> None:
    table = {f"c{n}": range(4) for n in range(9)} | {"Income Class": ["a", "b"] * 2}
    outcome = preprocess(table, target="income class")
    outcome.assert_failed("'income class' is not a column", "are 'Income Class', 'c0'", "2 more")


def test_a_table_of_the_target_alone_is_refused(preprocess: Preprocess) -> None:
    preprocess({"y": ["a", "b"] * 9}).assert_failed("no column but the target 'y'")


def test_a_name_with_spaces_and_other_letters_is_a_target(preprocess: Preprocess) -> None:
    outcome = preprocess({"x": range(6), " Größe m ": [*"ababab"]}, target="Größe m")
    assert outcome.schema["target"]["name"] == "Größe m"
    assert outcome.rows.columns.tolist() == ["x", "Größe m"]
