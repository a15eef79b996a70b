"""Numbers and dates as exports write them: read if one reading is possible, and said."""

from typing import Any

import pandas as pd
import pytest

from preprocess.clean import MISSING
from preprocess.conftest import Preprocess
from preprocess.reading.kinds import Kind
from preprocess.reading.readings import Reading

ROWS = 60
N = [n / 4 for n in range(ROWS)]
LABELS = ["a", "b", "b", "a", "b"] * (ROWS // 5)


def table(values: list[str], **more: list[Any]) -> dict[str, Any]:
    """Return a table whose column x holds the values, again and again."""
    return {"x": (values * ROWS)[:ROWS], "n": N, "y": LABELS, **more}


@pytest.mark.parametrize(
    ("values", "numbers", "reading"),
    [
        pytest.param(["$1,050.60", "$25"], [1050.6, 25], {"sign": "$", "thousands": ","}, id="$"),
        pytest.param(["71%", "8.5 %"], [71, 8.5], {"sign": "%"}, id="percent"),
        pytest.param(["15,01", "-3,5", "7"], [15.01, -3.5, 7], {"decimal": ","}, id="comma"),
        pytest.param(
            ["1.234,50 €", "12 €"],
            [1234.5, 12],
            {"sign": "€", "thousands": ".", "decimal": ","},
            id="€",
        ),
        pytest.param(["12 kg", "7.25kg"], [12, 7.25], {"sign": "kg"}, id="unit"),
        pytest.param(["−5", "3", "–0.5"], [-5, 3, -0.5], {"minus": True}, id="minus"),
        pytest.param(["1 234 567", "12"], [1234567, 12], {"thousands": " "}, id="spaces"),
        pytest.param(["1'234.5", "7"], [1234.5, 7], {"thousands": "'"}, id="apostrophe"),
        pytest.param(["1,234,567", "5"], [1234567, 5], {"thousands": ","}, id="many groups"),
        pytest.param(["-$4", "$-3", "$2"], [-4, -3, 2], {"sign": "$"}, id="minus beside a sign"),
        pytest.param(["$5", "-", "$7"], [5, 7], {"sign": "$", "markers": ["-"]}, id="marker"),
    ],
)
def test_numbers_in_one_possible_form_are_read(
    preprocess: Preprocess, values: list[str], numbers: list[float], reading: dict[str, Any]
) -> None:
    outcome = preprocess(table(values))
    feature = outcome.features["x"]
    assert (feature["kind"], feature["reading"]) == ("numeric", reading)
    assert sorted(outcome.rows["x"].dropna().unique()) == sorted(numbers)
    assert "preprocess: x: read as numbers; " in outcome.err


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(["5 kg", "5 lb"], id="two units"),
        pytest.param(["50%", "0.5"], id="percent in some"),
        pytest.param(["1,5", "1.5"], id="two decimal signs"),
        pytest.param(["Q1", "Q2"], id="a letter before"),
        pytest.param(["1-2", "3-4"], id="ranges"),
        pytest.param(["$007", "$12"], id="codes"),
        pytest.param(["10.0.0.1", "10.0.0.2"], id="addresses"),
        pytest.param(["12:30", "7:45"], id="times"),
    ],
)
def test_what_has_no_one_sign_is_a_category(preprocess: Preprocess, values: list[str]) -> None:
    assert preprocess(table(values)).features["x"]["kind"] == "categorical"


def test_how_many_values_changed_is_said(preprocess: Preprocess) -> None:
    outcome = preprocess(table(["$1,050.60", "$3", "7"]))
    assert 'preprocess: x: read as numbers; "$" and "," removed in 40 of 60\n' in outcome.err


@pytest.mark.parametrize(
    ("values", "flags", "numbers"),
    [
        pytest.param(["1,234", "2,500"], ["--decimal", ","], [1.234, 2.5], id="decimal"),
        pytest.param(["1,234", "2,500"], ["--decimal", "."], [1234, 2500], id="point"),
        pytest.param(["1,234", "2,500"], ["--thousands", ","], [1234, 2500], id="groups"),
        pytest.param(["1,234", "2,500"], ["--thousands", "."], [1.234, 2.5], id="other groups"),
        pytest.param(["€1.234", "€2.500"], ["--decimal", ","], [1234, 2500], id="a sign"),
        pytest.param(["1.234", "2.500"], ["--decimal", ","], [1234, 2500], id="plain, by the flag"),
        pytest.param(["1.234", "2.500"], ["--decimal", "."], [1.234, 2.5], id="plain"),
        pytest.param(["1.234", "0.500"], [], [0.5, 1.234], id="a zero in front"),
        pytest.param(["1.234", "1500"], [], [1.234, 1500], id="thousands without a point"),
        pytest.param(["1.5", "2.25"], ["--decimal", ","], [1.5, 2.25], id="one way only"),
    ],
)
def test_the_caller_chooses_where_two_readings_are_possible(
    preprocess: Preprocess, values: list[str], flags: list[str], numbers: list[float]
) -> None:
    assert sorted(preprocess(table(values), *flags).rows["x"].unique()) == numbers


def test_numbers_of_two_readings_stop_with_both(preprocess: Preprocess) -> None:
    preprocess(table(["1,234", "5", "2,500"])).assert_failed(
        "column 'x' can be read in 2 ways, such as '1,234'",
        "--decimal ',' (1.234) or --decimal '.' (1234)",
    )


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(["1.234", "2.500"], id="each"),
        pytest.param(["950", "1.234", "-2.500"], id="beside others"),
        pytest.param(["-", "1.234", "950"], id="beside a marker"),
    ],
)
def test_points_that_may_group_digits_stop_with_both_readings(
    preprocess: Preprocess, values: list[str]
) -> None:
    whole = {**table(values), "n": list(map(str, range(ROWS)))}
    preprocess(whole).assert_failed(
        "column 'x' can be read in 2 ways, such as '1.234'",
        "--decimal ',' (1234) or --decimal '.' (1.234)",
    )
    preprocess(whole, '--column-types={"x": "number"}').assert_failed("in 2 ways")
    chosen = preprocess(whole, "--thousands", ".")
    assert 1234.0 in set(chosen.rows["x"])
    assert chosen.features["x"]["reading"]["thousands"] == "."
    category = preprocess(whole, '--column-types={"x": "category"}')
    assert "1.234" in category.features["x"]["categories"]


def test_a_decimal_point_elsewhere_in_the_table_decides(preprocess: Preprocess) -> None:
    whole = table(["1.234", "950", "2.500"], n=[f"{n / 4}" for n in range(ROWS)])
    assert sorted(preprocess(whole).rows["x"].unique()) == [1.234, 2.5, 950]


def test_a_target_of_points_that_may_group_digits_stops(preprocess: Preprocess) -> None:
    target = [f"{n % 7 + 1}.{n * 37 % 1000:03}" for n in range(ROWS)]
    preprocess({"n": list(map(str, range(ROWS))), "y": target}).assert_failed(
        "column 'y' can be read in 2 ways, such as '1.000'"
    )


@pytest.mark.parametrize(
    ("values", "flags", "day", "date_format"),
    [
        pytest.param(["31/01/2024", "1/2/2024"], [], "2024-02-01", "%d/%m/%Y", id="day first"),
        pytest.param(["01/31/2024", "1/2/2024"], [], "2024-01-02", "%m/%d/%Y", id="month first"),
        pytest.param(["31.01.2024", "01.02.2024"], [], "2024-02-01", "%d.%m.%Y", id="points"),
        pytest.param(["2024/12/31", "2024/02/01"], [], "2024-02-01", "%Y/%m/%d", id="year first"),
        pytest.param(["31/12/99", "01/02/24"], [], "2024-02-01", "%d/%m/%y", id="short year"),
        pytest.param(
            ["03/04/2025", "01/02/2024"],
            ["--date-format", "%d/%m/%Y"],
            "2024-02-01",
            "%d/%m/%Y",
            id="as given",
        ),
        pytest.param(
            ["5 March 2025", "1 February 2024"],
            ["--date-format", "%d %B %Y"],
            "2024-02-01",
            "%d %B %Y",
            id="names",
        ),
    ],
)
def test_dates_in_one_possible_order_are_read(
    preprocess: Preprocess, values: list[str], flags: list[str], day: str, date_format: str
) -> None:
    outcome = preprocess(table(values), *flags)
    feature = outcome.features["x"]
    assert (feature["kind"], feature["reading"]) == ("date", {"date_format": date_format})
    assert f"{day}T00:00:00" in (feature["min"], feature["max"])


def test_dates_of_two_orders_stop_with_both(preprocess: Preprocess) -> None:
    preprocess(table(["03/04/2025", "05/06/2025"])).assert_failed(
        "column 'x' can be read in 2 ways, such as '03/04/2025'",
        "--date-format '%d/%m/%Y' (2025-04-03)",
        "--date-format '%m/%d/%Y' (2025-03-04)",
    )


def test_a_typo_among_prices_is_named(preprocess: Preprocess) -> None:
    prices = [f"${n}.50" for n in range(ROWS)]
    prices[41] = "$12..3"
    preprocess({"x": prices, "n": N, "y": LABELS}).assert_failed(
        "column 'x' holds numbers, but 1 of 60 values is not: '$12..3' in row 42"
    )


def test_a_target_of_prices_is_measured(preprocess: Preprocess) -> None:
    prices = [f"${1000 + 10 * n:,}.5" for n in range(ROWS)]
    outcome = preprocess({"n": [*N[30:], *N[:30]], "m": [n % 7 for n in range(ROWS)], "y": prices})
    assert outcome.schema["task"] == "regression"
    assert outcome.schema["target"]["reading"] == {"sign": "$", "thousands": ","}
    assert outcome.schema["target"]["min"] == 1000.5


def test_a_target_of_prices_fits_its_own_schema(preprocess: Preprocess) -> None:
    numbers = range(ROWS)
    prices = {
        "n": [n * 37 % 61 for n in numbers], "y": [f"${1000 + 10 * n:,}.5" for n in numbers]
    }  # fmt: skip
    first = preprocess(prices)
    again = preprocess(prices, "--reference-schema", str(first.folder / "schema"))
    assert (again.code, again.schema) == (0, first.schema)


def test_a_column_whose_kind_was_set_fits_its_own_schema(preprocess: Preprocess) -> None:
    heavy = table(["5", "7", "heavy"])
    first = preprocess(heavy, "--column-types", '{"x": "number"}')
    again = preprocess(heavy, "--reference-schema", str(first.folder / "schema"))
    assert (again.code, again.schema) == (0, first.schema)


def test_labels_with_a_unit_stay_labels(preprocess: Preprocess) -> None:
    outcome = preprocess(table(["u"]) | {"x": N[::-1], "y": ["2wd", "4wd", "4wd"] * 20})
    assert outcome.schema["target"]["classes"] == ["2wd", "4wd"]
    assert "reading" not in outcome.schema["target"]


def test_the_reading_of_a_reference_is_applied_again(preprocess: Preprocess) -> None:
    first = preprocess(table(["$1,050.60", "$25"]))
    flags = ["--reference-schema", str(first.folder / "schema")]
    again = preprocess(table(["$2,000", "7"]), *flags)
    assert sorted(again.rows["x"].unique()) == [7, 2000]
    preprocess(table(["$2,000", "€7"]), *flags).assert_failed("30 of 60 row(s) do not fit", "'€7'")


def test_a_set_kind_reads_signs_too(preprocess: Preprocess) -> None:
    outcome = preprocess(table(["5 kg", "7 kg", "heavy"]), "--column-types", '{"x": "number"}')
    assert outcome.features["x"]["reading"] == {"sign": "kg", "lenient": True}
    assert outcome.features["x"]["missing"] == 20
    assert (
        "20 of 60 values are not numbers, and are read as missing: 'heavy' in row 3" in outcome.err
    )


def test_a_number_with_two_signs_is_none(preprocess: Preprocess) -> None:
    outcome = preprocess(table(["$5", "-$-3", "$7"]), "--column-types", '{"x": "number"}')
    assert (outcome.code, outcome.features["x"]["missing"]) == (0, 20)
    assert "'-$-3' in row 2" in outcome.err


def test_words_that_are_missing_are_in_the_schema(preprocess: Preprocess) -> None:
    outcome = preprocess(table(["5", "gone", "7", "?"]), "--missing-markers", '["gone", "?"]')
    assert outcome.schema["missing_markers"] == [*MISSING, "gone"]
    assert outcome.features["x"].get("typed") is None
    assert outcome.features["n"]["typed"] is True


def test_a_reading_converts_further_rows() -> None:
    reading = Reading(("-",), sign="kg", decimal=",", thousands=".")
    text = pd.Series(["1.234,5 kg", "-", None, "7", "7.5 kg"], index=[4, 3, 2, 1, 0], dtype="str")
    values = reading.values(text, Kind.NUMERIC)
    assert values.dropna().to_dict() == {4: 1234.5, 1: 7.0}
    assert reading.misfits(text, Kind.NUMERIC).to_dict() == {0: "7.5 kg"}
    assert Reading.from_document(reading.document()) == reading
