import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from preprocess.conftest import Preprocess

ROWS = 12
LABELS = ["a", "b"] * (ROWS // 2)
NUMBERS = [str(number) for number in range(ROWS)]


def padded(values: list[Any], fill: Any) -> list[Any]:  # any value of a table
    return [*values, *[fill] * (ROWS - len(values))]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param([" 12", "-5", "+7", ".5", "5.", "1e3", "1E-3"], "numeric", id="numbers"),
        pytest.param(["0", "1"], "numeric", id="0 and 1"),
        pytest.param(["0", "0.5", "-0.25"], "numeric", id="zeros that lead nothing"),
        pytest.param(["inf", "-Infinity"], "numeric", id="infinities"),
        pytest.param(["1,5"], "numeric", id="decimal comma"),
        pytest.param(["0x10"], "categorical", id="hexadecimal"),
        pytest.param(["1_000"], "categorical", id="underscore"),
        pytest.param(["٣"], "categorical", id="other digits"),
        pytest.param(["12 kg"], "categorical", id="unit"),
        pytest.param(["-"], "numeric", id="dash"),
        pytest.param(["--"], "categorical", id="dashes"),
    ],
)
def test_text_is_numeric_where_every_value_is_a_number(
    preprocess: Preprocess, text: list[str], kind: str
) -> None:
    outcome = preprocess({"x": padded(text, "3"), "n": NUMBERS, "y": LABELS})
    assert outcome.features["x"]["kind"] == kind


@pytest.mark.parametrize("code", ["007", "-01", "00.5", "1234567890123456"])
def test_digits_that_are_a_code_stay_text_and_are_told(preprocess: Preprocess, code: str) -> None:
    outcome = preprocess({"zip": padded([code], "12"), "n": NUMBERS, "y": LABELS})
    assert outcome.features["zip"]["categories"] == sorted([code, "12"])
    assert "preprocess: warning: column 'zip' stays categorical" in outcome.err
    assert outcome.checks[-1] == {"check": "codes", "severity": "warning", "column": "zip"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param(["true", "FALSE", "Yes", "no", "T", "f", "Y", "n"], "boolean", id="words"),
        pytest.param(["yes", "no", "maybe"], "categorical", id="a third word"),
        pytest.param(["yes", "no", "1"], "categorical", id="a number"),
    ],
)
def test_text_is_boolean_where_every_value_is_a_word_for_it(
    preprocess: Preprocess, text: list[str], kind: str
) -> None:
    outcome = preprocess({"x": padded(text, "no"), "n": NUMBERS, "y": LABELS})
    assert outcome.features["x"]["kind"] == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param(["2024-01-31", "0001-01-01", "9999-12-31"], "date", id="dates"),
        pytest.param(["2024-01-31 10:00", "2024-01-31T10:00:00.5Z"], "date", id="date-times"),
        pytest.param(["2024-01-31T10:00:00+02:00", "2024-01-31"], "date", id="zones"),
        pytest.param(["2024-02-30"], "categorical", id="no such day"),
        pytest.param(["31.01.2024"], "categorical", id="another order"),
        pytest.param(["20240131"], "categorical", id="beside dates, a number"),
    ],
)
def test_text_is_a_date_where_every_value_is_iso_8601(
    preprocess: Preprocess, text: list[str], kind: str
) -> None:
    outcome = preprocess({"x": padded(text, "2024-01-31"), "n": NUMBERS, "y": LABELS})
    assert outcome.features["x"]["kind"] == kind


def test_text_becomes_the_type_of_its_kind_with_missing_values(preprocess: Preprocess) -> None:
    table = {
        "n": NUMBERS,
        "number": padded(["1e3", "?", "-5"], "0"),
        "flag": padded(["Y", "", "no"], "T"),
        "day": padded(["2024-01-31T01:00:00+02:00", "NA", "2024-02-01"], "2023-12-24"),
        "text": padded([" é ", None, "ж"], "x"),
        "y": LABELS,
    }
    outcome = preprocess(table)
    rows = outcome.rows.set_index("n").sort_index()
    assert rows["number"].iloc[:3].tolist()[::2] == [1000.0, -5.0]
    assert rows["flag"].iloc[:4].tolist() == [True, None, False, True]
    assert rows["day"].iloc[0] == dt.datetime(2024, 1, 30, 23)  # UTC, no zone
    assert rows["text"].iloc[[0, 2, 3]].tolist() == ["é", "ж", "x"]
    assert rows.isna().sum().to_dict() == {"number": 1, "flag": 1, "day": 1, "text": 1, "y": 0}
    train = pa.parquet.read_schema(outcome.folder / "train-data")
    assert [str(kind) for kind in train.types] == [
        "double", "double", "bool", "timestamp[ms]", "string", "string",
    ]  # fmt: skip
    assert outcome.features["number"] == {
        "name": "number", "kind": "numeric", "missing": 1, "min": -5.0, "max": 1000.0,
    }  # fmt: skip
    assert outcome.features["day"] == {
        "name": "day",
        "kind": "date",
        "missing": 1,
        "min": "2023-12-24T00:00:00",
        "max": "2024-02-01T00:00:00",
    }
    assert outcome.features["text"] == {
        "name": "text",
        "kind": "categorical",
        "missing": 1,
        "distinct": 3,
        "categories": ["x", "é", "ж"],
    }
    assert outcome.features["flag"] == {"name": "flag", "kind": "boolean", "missing": 1}


@pytest.mark.parametrize(
    ("values", "type_", "value"),
    [
        pytest.param(pa.array([7] * ROWS, pa.int8()), "double", 7.0, id="int8"),
        pytest.param(pa.array([2**64 - 1] * ROWS, pa.uint64()), "double", 2.0**64, id="uint64"),
        pytest.param(pa.array(np.full(ROWS, 1.5, np.float16)), "double", 1.5, id="half float"),
        pytest.param(pa.array([Decimal("1.25")] * ROWS), "double", 1.25, id="decimal"),
        pytest.param(pa.array([True] * ROWS), "bool", True, id="bool"),
        pytest.param(pa.array([" p "] * ROWS, pa.large_string()), "string", "p", id="large string"),
        pytest.param(pa.array(["p"] * ROWS).dictionary_encode(), "string", "p", id="dictionary"),
        pytest.param(pa.array([3] * ROWS).dictionary_encode(), "double", 3.0, id="of numbers"),
        pytest.param(
            pa.array([dt.date(2024, 1, 31)] * ROWS),
            "timestamp[ms]",
            dt.datetime(2024, 1, 31),  # dates have no zone
            id="date32",
        ),
        pytest.param(
            pa.array([1_704_067_200_123_456_789] * ROWS, pa.timestamp("ns", "Europe/Berlin")),
            "timestamp[ms]",
            dt.datetime(2024, 1, 1, 0, 0, 0, 123_000),  # UTC, no zone
            id="timestamp with zone",
        ),
    ],
)
def test_typed_columns_keep_their_kind(
    preprocess: Preprocess, values: pa.Array, type_: str, value: object
) -> None:
    outcome = preprocess(pa.table({"x": values, "n": NUMBERS, "y": LABELS}))
    table = pa.parquet.read_table(outcome.folder / "train-data")
    assert str(table.schema.field("x").type) == type_
    assert set(table["x"].to_pylist()) == {value}


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([[1]] * ROWS, id="list"),
        pytest.param([{"a": 1}] * ROWS, id="struct"),
        pytest.param([b"1"] * ROWS, id="binary"),
        pytest.param([dt.time(1)] * ROWS, id="time"),
        pytest.param([dt.timedelta(1)] * ROWS, id="duration"),
    ],
)
def test_types_that_no_kind_can_hold_are_refused(preprocess: Preprocess, values: list[Any]) -> None:
    outcome = preprocess({"n": NUMBERS, "odd one": values, "y": LABELS})
    outcome.assert_failed("column 'odd one' has the type ", "leave it out")


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(["?", "NA", ""] * 4, id="text"),
        pytest.param([None] * ROWS, id="null"),
        pytest.param([float("inf"), float("nan")] * 6, id="numbers"),
    ],
)
def test_a_column_without_values_is_refused(preprocess: Preprocess, values: list[Any]) -> None:
    outcome = preprocess({"n": NUMBERS, "void": values, "y": LABELS})
    outcome.assert_failed("column 'void' has no values")


def test_many_categories_are_counted_but_not_listed(preprocess: Preprocess) -> None:
    rows = 5000
    table = {"id": [f"c{n % 1001}" for n in range(rows)], "n": range(rows), "y": [1, 3] * 2500}
    feature = preprocess(table).features["id"]
    assert feature == {"name": "id", "kind": "categorical", "missing": 0, "distinct": 1001}
