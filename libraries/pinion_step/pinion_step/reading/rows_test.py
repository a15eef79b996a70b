"""Rows as they stand in a file become those that a model was fitted on, or are refused."""

from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from pandas import DataFrame, Series, Timestamp

from pinion_step.reading.rows import read

MISSING = ["", "?", "NA", "-999"]


def schema(kind: str, **reading: Any) -> dict[str, Any]:
    """Return a schema of one feature."""
    feature = {"name": "x", "kind": kind, "reading": reading}
    return {"missing_markers": MISSING, "features": [feature]}


def read_values(values: list[Any], kind: str, **reading: Any) -> Series:
    return read(DataFrame({"x": values}), schema(kind, **reading))["x"]


@pytest.fixture(params=["pyarrow", "python"], autouse=True)
def _storage(request: pytest.FixtureRequest) -> Any:
    """Read with and without Arrow, which pandas uses if it is installed."""
    with pd.option_context("mode.string_storage", request.param):
        yield


@pytest.mark.parametrize(
    ("values", "reading", "numbers"),
    [
        pytest.param(
            ["$1,200", "$ 7.5", "3"], {"sign": "$", "thousands": ","}, [1200, 7.5, 3], id="$"
        ),
        pytest.param(["12 %", "7.25%", "-3"], {"sign": "%"}, [12, 7.25, -3], id="percent"),
        pytest.param(
            ["1.817,67 €", "12 €", "-0,5 €"],
            {"sign": "€", "thousands": ".", "decimal": ","},
            [1817.67, 12, -0.5],
            id="decimal comma",
        ),
        pytest.param(["−5", "+3", "– 0.5"], {"minus": True}, [-5, 3, -0.5], id="minus"),
        pytest.param(
            ["1 234 567", "1\u00a0234", "12"], {"thousands": " "}, [1234567, 1234, 12], id="spaces"
        ),
        pytest.param(
            ["1’234.5", "1'234", "7"], {"thousands": "'"}, [1234.5, 1234, 7], id="apostrophe"
        ),
        pytest.param(
            ["-$4", "$-3", "-\u00a02"], {"sign": "$"}, [-4, -3, -2], id="minus beside a sign"
        ),
        pytest.param([" 5 ", "1e3", ".5"], {}, [5, 1000, 0.5], id="plain"),
        pytest.param(
            ["0.1", "123456789.123456789", "1e-310"],
            {},
            [0.1, 123456789.123456789, 1e-310],
            id="to the last digit",
        ),
    ],
)
def test_numbers_are_read_as_in_training(
    values: list[str], reading: dict[str, Any], numbers: list[float]
) -> None:
    found = read_values(values, "numeric", **reading)
    assert found.dtype == "float64"
    assert found.tolist() == numbers
    pd.testing.assert_series_equal(read_values(found.tolist(), "numeric", **reading), found)


def test_markers_are_missing() -> None:
    values = ["5", "-", "n.a.", None, "?", "gone", "#DIV/0!", "inf", "1e999", "-999", float("nan")]
    found = read_values(values, "numeric", markers=["gone"])
    assert found.dropna().tolist() == [5]
    typed = read_values([5.0, -999.0, float("inf"), None], "numeric")
    assert typed.dropna().tolist() == [5]


def test_a_word_that_is_a_marker_of_numbers_may_be_a_category() -> None:
    found = read_values([" Bonn ", "-", "?", None, "None"], "categorical")
    assert found.dropna().to_dict() == {0: "Bonn", 1: "-", 4: "None"}
    assert found.dtype == "str"


@pytest.mark.parametrize(
    ("value", "date_format", "day"),
    [
        pytest.param("03.04.2025", "%d.%m.%Y", "2025-04-03", id="day first"),
        pytest.param("03/04/2025", "%m/%d/%Y", "2025-03-04", id="month first"),
        pytest.param("2025-04-03T00:00:00", "%d.%m.%Y", "2025-04-03", id="read already, in JSON"),
        pytest.param("2025-04-03 23:30+01:00", "", "2025-04-03 22:30", id="a zone"),
        pytest.param(Timestamp("2025-04-03"), "%d.%m.%Y", "2025-04-03", id="read already"),
        pytest.param(date(2025, 4, 3), "", "2025-04-03", id="a date of Python"),
        pytest.param(Timestamp("2025-04-03T01:00+02:00"), "", "2025-04-02 23:00", id="typed zone"),
    ],
)
def test_dates_are_read_as_in_training(value: object, date_format: str, day: str) -> None:
    found = read_values([None, value], "date", date_format=date_format)
    assert found.dtype == "datetime64[ms]"
    assert found.isna().tolist() == [True, False]
    assert found[1] == Timestamp(day)


def test_booleans_are_words_and_missing_ones_stay_missing() -> None:
    assert read_values(["Yes", "n", "TRUE", "f"], "boolean").tolist() == [True, False, True, False]
    assert read_values([True, None, "no", 1, 0.0], "boolean").tolist() == [
        True,
        None,
        False,
        True,
        False,
    ]
    assert read_values(["1", "0", "yes"], "boolean", lenient=True).tolist() == [True, False, True]


def test_a_column_without_a_value_has_the_type_of_its_kind() -> None:
    types = {
        "numeric": "float64",
        "categorical": "str",
        "date": "datetime64[ms]",
        "boolean": "object",
    }
    for kind, dtype in types.items():
        found = read_values([None, "?", ""], kind)
        assert found.isna().all()
        assert found.dtype == dtype


@pytest.mark.parametrize(
    ("values", "kind", "reading", "said"),
    [
        pytest.param(
            ["$5", "abc", "$7"],
            "numeric",
            {"sign": "$"},
            "holds numbers, but 1 of 3 values is not: 'abc' in row 1 (the first row is 0);"
            " correct it, or leave it empty",
            id="a price",
        ),
        pytest.param(
            ["7,5", "-", "7.5", "x"],
            "numeric",
            {"decimal": ","},
            "2 of 3 values are not: '7.5' in row 2",
            id="another decimal sign",
        ),
        pytest.param(
            ["-$-3"], "numeric", {"sign": "$"}, "1 of 1 value is not: '-$-3'", id="two signs"
        ),
        pytest.param(
            [5, Timestamp("2025-01-02")], "numeric", {}, "holds numbers, but 1 of 2", id="a date"
        ),
        pytest.param(
            ["31.02.2025"],
            "date",
            {"date_format": "%d.%m.%Y"},
            "holds dates, but 1 of 1 value is not: '31.02.2025'",
            id="no day",
        ),
        pytest.param([20250403], "date", {}, "holds dates, but", id="a number for a date"),
        pytest.param(
            ["yes", "perhaps"],
            "boolean",
            {},
            "holds booleans, but 1 of 2 values is not: 'perhaps'",
            id="no boolean",
        ),
        pytest.param(
            [1067, "01067"],
            "categorical",
            {},
            "holds text, but 1 of 2 values is not: 1067",
            id="a code that lost its zero",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    values: list[Any], kind: str, reading: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match="column 'x' ") as refused:
        read_values(values, kind, **reading)
    assert said in str(refused.value)
    if kind != "categorical":
        assert read_values(values, kind, **reading, lenient=True).isna().any()


def test_a_number_that_training_took_for_a_category_is_one() -> None:
    found = read_values([5, 7.0, True, Decimal("2.5")], "categorical", lenient=True)
    assert found.tolist() == ["5", "7", "true", "2.5"]


def test_rows_keep_their_index_and_the_order_of_the_features() -> None:
    features = [{"name": "b", "kind": "numeric"}, {"name": "a", "kind": "categorical"}]
    frame = DataFrame({"a": ["u", "v"], "more": [1, 2], "b": ["7", "x"]}, index=[30, 30])
    with pytest.raises(ValueError, match="'x' in row 30; correct it"):
        read(frame, {"features": features})
    found = read(frame.replace("x", "8"), {"features": features})
    assert found.to_dict("split") == {
        "index": [30, 30], "columns": ["b", "a"], "data": [[7.0, "u"], [8.0, "v"]]
    }  # fmt: skip
    with pytest.raises(ValueError, match="the column 'a' is missing; give every feature"):
        read(frame[["b"]], {"features": features})
