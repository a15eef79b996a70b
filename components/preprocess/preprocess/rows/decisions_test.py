"""Columns in which not all values are of one kind: counted, said, and decided by the caller."""

from typing import Any

import pytest

from preprocess.conftest import Preprocess

ROWS = 400
N = [f"{(n * 37) % 211 / 8}" for n in range(ROWS)]
LABELS = ["a", "b", "b"] * (ROWS // 3) + ["a"]
# As pull_data writes a CSV: every column is text, and its header is row 1.
TABLE: dict[str, Any] = {"m": N, "k": [str(n % 7) for n in range(ROWS)], "y": LABELS}


def changed(column: str, cells: dict[int, str]) -> dict[str, Any]:
    """Return the table with other cells in a column, by row from 0."""
    values = list(TABLE[column])
    for row, value in cells.items():
        values[row] = value
    return {**TABLE, column: values}


def headers(*rows: int) -> dict[str, Any]:
    """Return the table with its header again at some rows."""
    table = {name: list(values) for name, values in TABLE.items()}
    for row in rows:
        for name, values in table.items():
            values.insert(row, name)
    return table


def test_one_typo_is_named_with_column_value_and_row(preprocess: Preprocess) -> None:
    outcome = preprocess(changed("m", {250: "12..3"}))
    outcome.assert_failed(
        "column 'm' holds numbers, but 1 of 400 values is not",
        "'12..3' in row 252 (the header is row 1)",
        """--missing-markers '["12..3"]'""",
        """--column-types '{"m": "number"}'""",
        """--allowed-checks '["mixed:m"]'""",
        """--ignore-columns '["m"]'""",
    )


def test_a_row_of_units_is_named_for_each_column(preprocess: Preprocess) -> None:
    table = {name: [unit, *TABLE[name]] for name, unit in (("m", "m/s"), ("k", "%"))}
    outcome = preprocess({**table, "y": [None, *LABELS]})
    outcome.assert_failed("column 'm'", "'m/s' in row 2", "1 more error", lines=3)
    assert "column 'k' holds numbers, but 1 of 401 values is not: '%' in row 2" in outcome.err


def test_a_unit_in_a_target_of_numbers_is_named_instead_of_its_classes(
    preprocess: Preprocess,
) -> None:
    table = {"m": N, "power": ["kW", *(f"{n / 3}" for n in range(ROWS - 1))]}
    outcome = preprocess(table, target="power")
    outcome.assert_failed("column 'power' holds numbers, but 1 of 400", "'kW' in row 2")
    assert "--ignore-columns" not in outcome.err


def test_the_header_again_is_named_with_its_rows(preprocess: Preprocess) -> None:
    outcome = preprocess(headers(399, 100))
    outcome.assert_failed(
        "2 of 402 values are not", "'m' in row 102", "'m' in row 402", "1 more error", lines=3
    )


def test_rows_of_a_typed_table_count_from_one(preprocess: Preprocess) -> None:
    table = {**changed("m", {0: "x"}), "k": [n % 7 for n in range(ROWS)]}
    outcome = preprocess(table)
    outcome.assert_failed("'x' in row 1; correct")


def test_only_the_first_three_are_shown(preprocess: Preprocess) -> None:
    outcome = preprocess(changed("m", {n: f"v{n}" for n in range(5, 25, 5)}))
    outcome.assert_failed("4 of 400 values are not", "'v5' in row 7, 'v10' in row 12, 'v15' in")
    assert "v20" not in outcome.err


@pytest.mark.parametrize(
    ("misfits", "kind"),
    [pytest.param(20, None, id="5 %: too few"), pytest.param(21, "categorical", id="more")],
)
def test_up_to_a_twentieth_stops_and_more_is_a_category(
    preprocess: Preprocess, misfits: int, kind: str | None
) -> None:
    outcome = preprocess(changed("m", {n: "low" for n in range(misfits)}))
    if kind:
        assert outcome.features["m"]["kind"] == kind
    else:
        outcome.assert_failed("20 of 400 values are not")


def test_missing_values_do_not_count(preprocess: Preprocess) -> None:
    values = [None if n % 4 else N[n] for n in range(ROWS)]
    values[0] = "x"
    preprocess({**TABLE, "m": values}).assert_failed("1 of 100 values is not")


@pytest.mark.parametrize(
    ("values", "word"),
    [
        pytest.param(["yes", "no"] * 199 + ["no", "maybe"], "booleans", id="boolean"),
        pytest.param(["2024-01-31"] * 399 + ["0000-00-00"], "dates", id="date"),
    ],
)
def test_other_kinds_are_counted_alike(
    preprocess: Preprocess, values: list[str], word: str
) -> None:
    outcome = preprocess({**TABLE, "x": values})
    outcome.assert_failed(f"column 'x' holds {word}, but 1 of 400", f"{values[-1]!r} in row 401")


def test_a_letter_alone_is_no_boolean(preprocess: Preprocess) -> None:
    outcome = preprocess({**TABLE, "x": ["f"] * 395 + ["a"] * 5})
    assert outcome.features["x"]["categories"] == ["a", "f"]


def test_codes_with_a_word_among_them_stay_a_category(preprocess: Preprocess) -> None:
    outcome = preprocess({**TABLE, "zip": ["01069", "80331"] * 199 + ["none", "80331"]})
    assert outcome.features["zip"]["categories"] == ["01069", "80331", "none"]


def test_a_mixed_column_stays_a_category_when_allowed(preprocess: Preprocess) -> None:
    table = changed("k", {250: "many"})
    outcome = preprocess(table, "--allowed-checks", '["mixed:k"]')
    assert outcome.features["k"]["categories"] == ["0", "1", "2", "3", "4", "5", "6", "many"]
    assert outcome.checks[-1] == {
        "check": "mixed", "severity": "info", "column": "k", "rows": 1, "share": 0.0025,
        "examples": ["many"], "allowed": True,
    }  # fmt: skip


def test_a_marker_of_the_caller_is_missing(preprocess: Preprocess) -> None:
    table = changed("m", {250: "12..3", 7: "missing"})
    outcome = preprocess(table, "--missing-markers", '["12..3", "missing"]')
    assert outcome.features["m"]["kind"] == "numeric"
    assert outcome.features["m"]["missing"] == 2
    assert "reading" not in outcome.features["m"]


def test_a_marker_may_be_a_number_of_a_typed_column(preprocess: Preprocess) -> None:
    table = {**TABLE, "k": [-999 if n == 3 else n % 7 for n in range(ROWS)]}
    outcome = preprocess(table, "--missing-markers", '["-999"]')
    assert outcome.features["k"] == {
        "name": "k", "kind": "numeric", "missing": 1, "min": 0.0, "max": 6.0, "typed": True,
    }  # fmt: skip


def test_a_number_by_the_caller_makes_missing_what_is_none(preprocess: Preprocess) -> None:
    table = changed("m", {250: "12..3", 7: "-"})
    outcome = preprocess(table, "--column-types", '{"m": "number"}')
    assert outcome.features["m"]["missing"] == 2
    assert outcome.features["m"]["reading"] == {"markers": ["-"], "lenient": True}
    assert (
        "warning: column 'm': 1 of 399 values are not numbers, and are read as missing:"
        " '12..3' in row 252" in outcome.err
    )


@pytest.mark.parametrize(
    ("values", "word", "kind", "categories"),
    [
        pytest.param(N, "category", "categorical", sorted({*N}), id="numbers as a category"),
        pytest.param([n % 2 for n in range(ROWS)], "text", "categorical", [*"01"], id="integers"),
        pytest.param([True, False] * 200, "category", "categorical", ["false", "true"], id="bool"),
        pytest.param([True, False] * 200, "number", "numeric", None, id="booleans as numbers"),
        pytest.param(["1", "0"] * 200, "boolean", "boolean", None, id="0 and 1"),
    ],
)
def test_the_caller_sets_the_kind(
    preprocess: Preprocess, values: list[Any], word: str, kind: str, categories: list[str] | None
) -> None:
    outcome = preprocess({**TABLE, "x": values}, "--column-types", f'{{"x": "{word}"}}')
    assert outcome.features["x"]["kind"] == kind
    assert outcome.features["x"].get("categories") == categories
    assert outcome.features["x"]["missing"] == 0


def test_booleans_of_digits_keep_their_sense(preprocess: Preprocess) -> None:
    table = {**TABLE, "x": ["1", "0", "0", "0"] * 100}
    assert preprocess(table, "--column-types", '{"x": "boolean"}').rows["x"].sum() == 100


@pytest.mark.parametrize(
    ("types", "code", "words"),
    [
        pytest.param('{"m": "float"}', 2, ["'float' of 'm' is not a type", "number"], id="word"),
        pytest.param(
            '{"mm": "number"}', 1, ["'mm' is not a column; did you mean 'm'"], id="column"
        ),
        pytest.param('["m"]', 2, ["is not a JSON object"], id="list"),
        pytest.param('{"m": "date"}', 1, ["'m' is stored as numbers"], id="typed"),
    ],
)
def test_types_that_cannot_be_are_refused(
    preprocess: Preprocess, types: str, code: int, words: list[str]
) -> None:
    table = {**TABLE, "m": list(map(float, N))}
    preprocess(table, "--column-types", types).assert_failed("--column-types", *words, code=code)


@pytest.mark.parametrize("marker", ["-", ".", "#N/A", "#DIV/0!", "<NA>", "n.a.", "None", "null"])
def test_a_further_marker_is_missing_and_said(preprocess: Preprocess, marker: str) -> None:
    outcome = preprocess(changed("m", {n: marker for n in range(0, ROWS, 50)}))
    feature = outcome.features["m"]
    assert (feature["kind"], feature["missing"]) == ("numeric", 8)
    if marker not in ("None", "null"):
        assert feature["reading"] == {"markers": [marker]}
        assert f'preprocess: m: read as numbers; "{marker}" missing in 8 of 400\n' in outcome.err
        assert outcome.report["warnings"] == []


def test_a_marker_among_categories_is_a_category(preprocess: Preprocess) -> None:
    outcome = preprocess({**TABLE, "x": ["-", "o", "+", "o"] * 100})
    assert outcome.features["x"]["categories"] == ["+", "-", "o"]


def test_a_column_of_markers_alone_is_a_category(preprocess: Preprocess) -> None:
    assert preprocess({**TABLE, "x": ["-", "."] * 200}).features["x"]["kind"] == "categorical"


def test_a_clean_table_has_no_reading(preprocess: Preprocess) -> None:
    outcome = preprocess(TABLE)
    assert [key for each in outcome.schema["features"] for key in each if key == "reading"] == []
    assert outcome.report["checks"] == []


def test_markers_of_a_reference_are_read_again(preprocess: Preprocess) -> None:
    first = preprocess(changed("m", {0: "-"}))
    again = preprocess(
        changed("m", {1: "-", 2: "-"}), "--reference-schema", str(first.folder / "schema")
    )
    assert (again.features["m"]["missing"], again.features["m"]["reading"]) == (
        2,
        {"markers": ["-"]},
    )


def test_a_marker_in_a_target_of_numbers_is_missing(preprocess: Preprocess) -> None:
    target = [f"{n / 3:.3f}" for n in range(ROWS)]
    target[5] = "-"
    outcome = preprocess({"m": N, "y": target})
    assert outcome.schema["target"]["reading"] == {"markers": ["-"]}
    assert outcome.report["rows"]["without_target"] == 1
    assert outcome.schema["target"]["max"] == 133.0
