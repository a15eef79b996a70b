from typing import Any

import pyarrow as pa
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


@pytest.mark.parametrize(
    ("column", "type_", "classes"),
    [
        pytest.param(
            pa.array([2**53, 2**53 + 1, 2**53 + 2]),
            "string",
            ["9007199254740992", "9007199254740993", "9007199254740994"],
            id="beyond a double",
        ),
        pytest.param(
            pa.array([-(2**53) - 1, -(2**53), 5]),
            "string",
            ["-9007199254740992", "-9007199254740993", "5"],
            id="below zero",
        ),
        pytest.param(
            pa.array([-(2**63), 2**63 - 1]),
            "string",
            ["-9223372036854775808", "9223372036854775807"],
            id="the ends of int64",
        ),
        pytest.param(
            pa.array([2**64 - 1, 2**64 - 2, 0], pa.uint64()),
            "string",
            ["0", "18446744073709551614", "18446744073709551615"],
            id="uint64",
        ),
        pytest.param(
            pa.array([2**60, 2**60 + 1]).dictionary_encode(),
            "string",
            ["1152921504606846976", "1152921504606846977"],
            id="a dictionary",
        ),
        pytest.param(
            pa.array([2**53, -(2**53), None]), "integer", [-(2**53), 2**53], id="the last exact"
        ),
        pytest.param(pa.array(["0e300", "1e300"]), "string", ["0e300", "1e300"], id="exponents"),
        pytest.param(
            pa.array(["9007199254740993.0", "7"]),
            "string",
            ["7", "9007199254740993.0"],
            id="text that rounds to the bound",
        ),
        pytest.param(pa.array([1e300, 0.0]), "string", ["0", "1e+300"], id="doubles"),
    ],
)
def test_large_labels_stay_apart(
    preprocess: Preprocess, column: pa.Array, type_: str, classes: list[Any]
) -> None:
    labels = column.take([n % len(column) for n in range(ROWS)])
    flags = ["--task", "classification", "--allowed-checks", '["without_target"]']
    outcome = preprocess(pa.table({"x": range(ROWS), " y": labels}), *flags)
    target = outcome.schema["target"]
    assert (target["type"], target["classes"]) == (type_, classes)
    plain = column.cast(pa.string()) if type_ == "string" else column
    expected = [plain[n % len(plain)].as_py() for n in range(ROWS)]
    rows = outcome.rows.sort_values("x")
    assert rows["y"].tolist() == [label for label in expected if label is not None]


def test_large_labels_are_told_apart_before_the_task_is(preprocess: Preprocess) -> None:
    table = {"x": range(ROWS), "y": repeated([2**53, 2**53 + 1, 2**53 + 2])}
    preprocess(table).assert_failed("3 distinct whole numbers")


def test_whole_numbers_stay_the_labels_of_an_earlier_table(preprocess: Preprocess) -> None:
    flags = ["--task", "classification"]
    first = preprocess({"x": range(ROWS), "y": repeated([2**60, 12_345_678])}, *flags)
    later = preprocess(
        {"x": range(ROWS), "y": repeated([2**53, 12_345_678])},
        *["--reference-schema", str(first.folder / "schema")],
    )
    assert first.schema["target"]["classes"] == ["1152921504606846976", "12345678"]
    assert later.schema["target"]["classes"] == ["12345678", "9007199254740992"]


def test_large_whole_numbers_can_be_measured(preprocess: Preprocess) -> None:
    outcome = preprocess(
        {"x": range(ROWS), "y": [2**60 + n * 2**20 for n in range(ROWS)]},
        *["--allowed-checks", '["target_leak:x"]'],
    )
    assert outcome.schema["target"]["type"] == "double"
    assert outcome.rows.sort_values("x")["y"].tolist() == [
        float(2**60 + n * 2**20) for n in range(ROWS)
    ]


def test_a_regression_keeps_the_values_and_their_range(preprocess: Preprocess) -> None:
    table = {"x": range(ROWS), "y": [n * 1e9 + 0.5 for n in range(ROWS)]}
    outcome = preprocess(table, "--allowed-checks", '["target_leak"]')
    assert outcome.schema["target"] == {
        "name": "y",
        "type": "double",
        "min": 0.5,
        "max": 59e9 + 0.5,
    }
    assert outcome.rows.sort_values("x")["y"].tolist() == [n * 1e9 + 0.5 for n in range(ROWS)]
    assert "classes" not in outcome.report


def test_rows_without_a_target_are_dropped_and_counted(preprocess: Preprocess) -> None:
    table = {"x": range(ROWS), "y": repeated(["a", "b", "?", None, " b"])}
    outcome = preprocess(table, "--allowed-checks", '["without_target"]')
    assert outcome.report["rows"]["without_target"] == 24
    assert len(outcome.rows) == 36
    assert set(outcome.rows["x"] % 5) == {0.0, 1.0, 4.0}
    assert outcome.rows["y"].value_counts().to_dict() == {"b": 24, "a": 12}


@pytest.mark.parametrize(
    ("values", "flags", "words"),
    [
        pytest.param([1, 2, 3], [], ["3 distinct whole numbers", "--task"], id="not plain"),
        pytest.param(list(range(20)), [], ["20 distinct whole numbers"], id="twenty numbers"),
        pytest.param(["a"], [], ["'y' has only one class ('a');"], id="one class"),
        pytest.param([3], [], ["'y' has only one class (3);"], id="one number"),
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
    preprocess({"x": [n / 2 for n in range(ROWS)], "y": repeated(values)}, *flags).assert_failed(
        *words
    )


def test_a_target_that_is_no_column_names_the_nearest_first(preprocess: Preprocess) -> None:
    table = {f"c{n}": range(4) for n in range(9)} | {"Income Class": ["a", "b"] * 2}
    outcome = preprocess(table, target="income class")
    outcome.assert_failed("'income class' is not a column", "are 'Income Class', 'c0'", "2 more")


def test_columns_that_are_none_may_come_from_the_way_the_file_is_read(
    preprocess: Preprocess,
) -> None:
    outcome = preprocess({"28": [5, 4], "7 north": [1, 0]}, target="churned")
    outcome.assert_failed(
        "'churned' is not a column; the columns are '28', '7 north'; give one, or if these are no"
        " names, say how the file is written (delimiter, header)"
    )


def test_a_table_of_the_target_alone_is_refused(preprocess: Preprocess) -> None:
    preprocess({"y": ["a", "b"] * 9}).assert_failed("the only column is the target 'y'")


def test_a_name_with_spaces_and_other_letters_is_a_target(preprocess: Preprocess) -> None:
    outcome = preprocess({"x": range(6), " Größe m ": [*"ababab"]}, target="Größe m")
    assert outcome.schema["target"]["name"] == "Größe m"
    assert outcome.rows.columns.tolist() == ["x", "Größe m"]


def test_a_name_that_python_uses_is_a_target_of_whole_numbers(preprocess: Preprocess) -> None:
    outcome = preprocess({"x": range(8), "self": [3, 5] * 4}, target="self")
    target = outcome.schema["target"]
    assert (target["name"], target["type"], target["classes"]) == ("self", "integer", [3, 5])
    assert sorted(outcome.rows["self"]) == [3] * 4 + [5] * 4
