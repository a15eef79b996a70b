"""Tables as people wrote them elsewhere: each is read right, or refused with the way on.

What is in each folder of `tables/`, and where it comes from, is in its README.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.system.workspace import ROOT
from tests.documents import Document
from tests.preparing import Called, Preparation

TABLES = Path(__file__).with_name("tables")
Prepare = Callable[..., Called]


@pytest.fixture(scope="module")
def prepare(preparation: Preparation) -> Prepare:
    """Pull and preprocess a table by its path and its target; calls are made once."""
    done: dict[tuple[str, ...], Called] = {}

    def call(path: str, target: str, *flags: str) -> Called:
        key = (path, target, *flags)
        if key not in done:
            done[key] = preparation.prepare(TABLES / path, target, *flags)
        return done[key]

    return call


def assert_prepared(called: Called, rows: int, *words: str) -> None:
    """Check that so many rows came through, and that each of the words was said, and no more."""
    assert called.code == 0, called.said
    assert len(called.rows) == rows
    called.assert_read_alike()
    said = [line.partition(": ")[2] for line in called.said.splitlines()]
    assert [line for line in said if not any(word in line for word in words)] == []
    assert [word for word in words if not any(word in line for line in said)] == []


COMMA = ('T: read as numbers; "," is the decimal sign', 'RH: read as numbers; "," is the decimal')


def test_decimal_commas_that_may_group_digits_stop_with_both_readings(prepare: Prepare) -> None:
    prepare("decimal-comma/features.csv", "label").assert_stopped(
        "column 'S1' can be read in 2 ways, such as '165,286'",
        "--decimal ',' (165.286) or --decimal '.' (165286)",
        """--column-types '{"S1": "category"}'""",
    )


def test_decimal_commas_give_the_numbers_of_decimal_points(prepare: Prepare) -> None:
    commas = prepare("decimal-comma/features.csv", "label", "--decimal=,")
    points = prepare("decimal-comma/features-dot.csv", "label")
    assert_prepared(commas, 600, *COMMA, 'S1: read as numbers; "," is the decimal sign')
    assert_prepared(points, 600)
    assert commas.rows == points.rows
    assert points.kinds == {"T": "numeric", "RH": "numeric", "S1": "numeric"}
    assert points.features["S1"]["max"] == 285.571


@pytest.mark.parametrize(
    ("file", "said"),
    [
        pytest.param("plain.csv", [], id="plain"),
        pytest.param(
            "trailing.csv",
            ["2 empty columns at the end left out", "5 rows without values at the end left out"],
            id="empty columns and rows at the end",
        ),
    ],
)
def test_a_spreadsheet_of_a_place_with_decimal_commas(
    prepare: Prepare, file: str, said: list[str]
) -> None:
    called = prepare(f"decimal-comma/{file}", "CO")
    dates = 'Datum: read as dates; their format is "%d/%m/%Y"'
    target = 'CO: read as numbers; "," is the decimal sign'
    assert_prepared(called, 600, *said, *COMMA, dates, target)
    assert called.kinds == {
        "Datum": "date", "Zeit": "categorical", "S1": "numeric", "T": "numeric", "RH": "numeric"
    }  # fmt: skip
    assert called.schema["task"] == "regression"
    assert called.schema["target"]["reading"] == {"decimal": ","}
    assert (called.schema["target"]["min"], called.schema["target"]["max"]) == (1.2, 5.7)
    assert called.features["Datum"]["max"] == "2021-12-28T00:00:00"
    assert called.rows == prepare("decimal-comma/plain.csv", "CO").rows


@pytest.mark.parametrize(
    ("file", "target", "word", "classes"),
    [
        pytest.param("sleep.csv", "disorder", "None", ["Apnea", "Insomnia", "None"], id="three"),
        pytest.param("two.csv", "disorder", "None", ["None", "Some"], id="two"),
        pytest.param("continent.csv", "continent", "NA", ["EU", "NA", "SA"], id="North America"),
    ],
)
def test_a_class_that_reads_like_a_missing_value(
    prepare: Prepare, file: str, target: str, word: str, classes: list[str]
) -> None:
    prepare(f"class-none/{file}", target).assert_stopped(
        f"'{target}' is '{word}' in 251 of 400 rows",
        f"""a class with --allowed-checks '["class:{word}"]'""",
        f"""missing with --missing-markers '["{word}"]'""",
    )
    kept = prepare(f"class-none/{file}", target, f'--allowed-checks=["class:{word}"]')
    assert_prepared(kept, 400)
    assert kept.schema["target"]["classes"] == classes
    assert Counter(kept.column(target))[word] == 251
    missing = prepare(f"class-none/{file}", target, f'--missing-markers=["{word}"]')
    if len(classes) == 2:
        missing.assert_stopped(f"'{target}' has only one class ('Some')")
        return
    assert_prepared(missing, 149)
    assert "251 rows without a target" in missing.summary
    assert missing.schema["target"]["classes"] == [each for each in classes if each != word]


@pytest.mark.parametrize(("file", "sign"), [("comma.csv", ","), ("semicolon.csv", ";")])
def test_a_line_for_excel_names_the_delimiter(prepare: Prepare, file: str, sign: str) -> None:
    called = prepare(f"sep-line/{file}", "label")
    assert_prepared(called, 300, f"the line 'sep={sign}' names the delimiter")
    assert called.kinds == {"value": "numeric", "place": "categorical"}
    assert called.features["place"]["categories"] == ["east", "north", "south"]
    assert called.rows == prepare("sep-line/comma.csv", "label").rows


def test_the_people_of_a_survey_are_no_duplicates(prepare: Prepare) -> None:
    survey = prepare("repeated-rows/survey.csv", "survived")
    assert_prepared(survey, 2200, "2170 of 2200 rows repeat another and are kept")
    assert "0 duplicates" in survey.summary
    assert Counter(survey.column("survived")) == {"no": 1557, "yes": 643}
    ignored = prepare("repeated-rows/survey-id.csv", "survived", '--ignore-columns=["id"]')
    assert ignored.rows == survey.rows
    numbered = prepare("repeated-rows/survey-id.csv", "survived")
    assert_prepared(numbered, 2200, "column 'id' looks like an id")


def test_counts_that_repeat_are_kept(prepare: Prepare) -> None:
    prepare("repeated-rows/counts.csv", "y").assert_stopped(
        "'y' has 14 distinct whole numbers", "say --task classification or --task regression"
    )
    called = prepare("repeated-rows/counts.csv", "y", "--task=regression")
    assert_prepared(called, 2200, "2137 of 2200 rows repeat another and are kept")
    assert called.schema["target"]["max"] == 13.0


HUGE = {
    "1e39.csv": "1e39",
    "1e200.csv": "1e200",
    "dblmax.csv": "1.7976931348623157e+308",
}


@pytest.mark.parametrize(("file", "value"), HUGE.items(), ids=HUGE)
def test_a_number_beyond_an_estimator_is_named(prepare: Prepare, file: str, value: str) -> None:
    for target in ("t", "r"):
        prepare(f"huge-finite/{file}", target).assert_stopped(
            "column 'a' has 4 number(s) beyond 3.4e38",
            f"{value} in row 5, {value} in row 105, {value} in row 205 (the header is row 1)",
            f"""--missing-markers '["{value}"]'""",
            """--ignore-columns '["a"]'""",
            """--allowed-checks '["huge_number:a"]'""",
        )
    called = prepare(f"huge-finite/{file}", "t", f'--missing-markers=["{value}"]')
    assert_prepared(called, 400)
    assert called.features["a"]["missing"] == 4


@pytest.mark.parametrize(("number", "row"), list(enumerate((7, 67, 127, 187, 247, 307))))
def test_a_single_number_beyond_an_estimator(prepare: Prepare, number: int, row: int) -> None:
    prepare(f"huge-finite/one-{number}.csv", "t").assert_stopped(
        "column 'a' has 1 number(s) beyond 3.4e38", f"1e39 in row {row} (the header is row 1)"
    )
    allowed = prepare(f"huge-finite/one-{number}.csv", "t", '--allowed-checks=["huge_number:a"]')
    assert_prepared(allowed, 400)
    assert allowed.features["a"]["max"] == 1e39


@pytest.mark.parametrize("value", ["1e160", "1e300"])
def test_a_target_beyond_an_estimator_is_named(prepare: Prepare, value: str) -> None:
    called = prepare(f"huge-finite/target-{value}.csv", "r")
    called.assert_stopped(
        "column 'r' has 4 number(s) beyond 3.4e38", f"{value} in row 5", "take its logarithm"
    )
    # A target can be neither left out nor kept as it is.
    assert "--ignore-columns" not in called.last


def test_classes_of_which_the_rare_one_matters(prepare: Prepare) -> None:
    called = prepare("positive-class/cardiac.csv", "diagnosis")
    assert_prepared(called, 1000)
    assert called.schema["target"]["classes"] == ["Cardiac", "NonCardiac"]
    assert Counter(called.column("diagnosis")) == {"NonCardiac": 919, "Cardiac": 81}


@pytest.mark.parametrize(
    ("file", "target", "column", "example", "readings"),
    [
        ("features.csv", "label", "amount", "105,060", ("105.060", "105060")),
        ("listings.csv", "price", "sqm", "2,231", ("2.231", "2231")),
    ],
)
def test_groups_of_digits_that_may_be_decimals_stop_with_both_readings(
    prepare: Prepare, file: str, target: str, column: str, example: str, readings: tuple[str, str]
) -> None:
    prepare(f"money-percent/{file}", target).assert_stopped(
        f"column '{column}' can be read in 2 ways, such as '{example}'",
        f"--decimal ',' ({readings[0]}) or --decimal '.' ({readings[1]})",
    )


def test_money_and_percent_are_numbers(prepare: Prepare) -> None:
    called = prepare("money-percent/features.csv", "label", "--thousands=,")
    assert_prepared(
        called,
        800,
        'rate: read as numbers; "%" removed in 800 of 800',
        'amount: read as numbers; "," removed in 800 of 800',
    )
    assert called.kinds == {"rate": "numeric", "amount": "numeric"}
    assert 105060.0 in called.column("amount")
    assert 67.97 in called.column("rate")


def test_a_price_is_a_regression(prepare: Prepare) -> None:
    called = prepare("money-percent/listings.csv", "price", "--decimal=.")
    assert_prepared(
        called,
        800,
        'price: read as numbers; "$" and "," removed in 800 of 800',
        'response_rate: read as numbers; "%" removed in 800 of 800',
        'sqm: read as numbers; "," removed in 800 of 800',
    )
    assert called.schema["task"] == "regression"
    assert called.schema["target"]["reading"] == {"sign": "$", "thousands": ","}
    assert 1050.6 in called.column("price")
    assert 2231.0 in called.column("sqm")


MARKERS = {
    "dash.csv": "-", "dot.csv": ".", "excel.csv": "#N/A", "div0.csv": "#DIV/0!",
    "pd.csv": "<NA>", "neg.csv": "-nan",
}  # fmt: skip
WORDS = {"lower.csv": "n/a", "word.csv": "missing"}


@pytest.mark.parametrize(("file", "marker"), MARKERS.items(), ids=MARKERS)
def test_a_marker_is_missing_and_said(prepare: Prepare, file: str, marker: str) -> None:
    called = prepare(f"missing-markers/{file}", "label")
    assert_prepared(called, 1000, f'm: read as numbers; "{marker}" missing in 20 of 1,000')
    assert called.features["m"]["reading"] == {"markers": [marker]}
    assert called.rows == prepare("missing-markers/control.csv", "label").rows


@pytest.mark.parametrize(("file", "word"), WORDS.items(), ids=WORDS)
def test_a_word_that_may_be_a_marker_stops(prepare: Prepare, file: str, word: str) -> None:
    prepare(f"missing-markers/{file}", "label").assert_stopped(
        "column 'm' holds numbers, but 20 of 1,000 values are not",
        f"'{word}' in row 2, '{word}' in row 52, '{word}' in row 102 (the header is row 1)",
        f"""--missing-markers '["{word}"]'""",
        """--column-types '{"m": "number"}'""",
        """--allowed-checks '["mixed:m"]'""",
    )
    said = prepare(f"missing-markers/{file}", "label", f'--missing-markers=["{word}"]')
    assert_prepared(said, 1000)
    assert said.rows == prepare("missing-markers/control.csv", "label").rows
    category = prepare(f"missing-markers/{file}", "label", '--allowed-checks=["mixed:m"]')
    assert category.kinds["m"] == "categorical"


def test_the_missing_values_of_the_plain_table(prepare: Prepare) -> None:
    called = prepare("missing-markers/control.csv", "label")
    assert_prepared(called, 1000)
    assert called.features["m"] == {
        "name": "m", "kind": "numeric", "missing": 20, "min": 18.4, "max": 85.144
    }  # fmt: skip


@pytest.mark.parametrize("file", ["pandas.csv", "r.csv", "r-table.csv"])
def test_an_unnamed_index_is_left_out(prepare: Prepare, file: str) -> None:
    called = prepare(f"unnamed-index/{file}", "label")
    space = ["the delimiter is white space"] if file == "r-table.csv" else []
    assert_prepared(called, 300, *space, "the unnamed first column is an index and is left out")
    assert called.kinds == {"value": "numeric", "k": "numeric"}
    assert called.rows == prepare("unnamed-index/pandas.csv", "label").rows
    assert called.column("value")[0] == 21.854


@pytest.mark.parametrize(
    ("file", "said"),
    [
        pytest.param("once.csv", [], id="once"),
        pytest.param("twice.csv", ["1 row with the header again left out: line 402"], id="twice"),
        pytest.param(
            "thrice.csv", ["2 rows with the header again left out: lines 302, 603"], id="thrice"
        ),
    ],
)
def test_a_header_again_is_left_out(prepare: Prepare, file: str, said: list[str]) -> None:
    called = prepare(f"header-again/{file}", "label")
    assert_prepared(called, 800, *said)
    assert called.kinds == {"m": "numeric", "k": "numeric"}
    assert called.rows == prepare("header-again/once.csv", "label").rows


def test_a_header_again_does_not_make_a_regression_a_classification(prepare: Prepare) -> None:
    called = prepare("header-again/regression.csv", "y")
    assert_prepared(called, 800, "1 row with the header again left out: line 402")
    assert called.schema["task"] == "regression"
    assert (called.schema["target"]["min"], called.schema["target"]["max"]) == (68.342, 264.527)


def mixed(column: str, value: str, rows: int, row: str) -> str:
    """Return what is said of a column of numbers in which one value is none."""
    return (
        f"column '{column}' holds numbers, but 1 of {rows:,} values is not: '{value}' in row {row}"
        " (the header is row 1)"
    )


def test_a_typo_is_named_with_its_row(prepare: Prepare) -> None:
    prepare("units-row/one-typo.csv", "state").assert_stopped(
        mixed("temp", "13..5", 3000, "1,502"), """--missing-markers '["13..5"]'"""
    )
    called = prepare("units-row/one-typo.csv", "state", '--column-types={"temp": "number"}')
    assert_prepared(
        called, 3000, "column 'temp': 1 of 3,000 values are not numbers, and are read as missing"
    )
    plain = prepare("units-row/plain.csv", "state")
    assert_prepared(plain, 3000)
    assert called.features["temp"]["missing"] == 1
    assert set(called.kinds.values()) == set(plain.kinds.values()) == {"numeric"}
    found, wanted = Counter(called.column("wind")), Counter(plain.column("wind"))
    assert found == wanted


def test_a_row_below_a_title_is_named_by_its_line(preparation: Preparation, tmp_path: Path) -> None:
    text = (TABLES / "units-row" / "one-typo.csv").read_text()
    (tmp_path / "t.csv").write_text(f"Weather of 2024\n# by hour\n\n{text}")
    preparation.prepare(tmp_path / "t.csv", "state").assert_stopped(
        "'13..5' in row 1,505 (the header is row 4)"
    )


UNITS = {"temp": "degC", "wind": "m/s", "humidity": "%"}


@pytest.mark.parametrize(
    ("file", "target", "units"),
    [
        pytest.param("units.csv", "state", UNITS, id="classification"),
        pytest.param("reg-units.csv", "power", {**UNITS, "power": "kW"}, id="regression"),
    ],
)
def test_a_row_of_units_is_named_column_by_column(
    prepare: Prepare, file: str, target: str, units: dict[str, str]
) -> None:
    stopped = prepare(f"units-row/{file}", target)
    stopped.assert_stopped(f"and {len(units) - 1} more error(s), listed above")
    for column, unit in units.items():
        assert mixed(column, unit, 3001, "2") in stopped.said
    markers = ", ".join(f'"{unit}"' for unit in units.values())
    called = prepare(f"units-row/{file}", target, f"--missing-markers=[{markers}]")
    assert_prepared(called, 3000)
    assert "1 rows without a target" in called.summary
    plain = prepare("units-row/plain.csv", "state")
    assert called.column("temp") == plain.column("temp")
    expected = "regression" if target == "power" else "classification"
    assert called.schema["task"] == expected


def test_the_example_of_the_page_says_what_the_page_shows(prepare: Prepare) -> None:
    page = Document.read(ROOT / "docs" / "your-table.md").text
    example = page[page.index("## A messy export") : page.index("## Data checks")]
    blocks = [block for block in Document(TABLES, example).blocks if not block.kind]
    shown, *said = (block.lines for block in blocks)
    path = TABLES / "messy-export" / "orders.csv"
    lines = path.read_text(encoding="cp1252").splitlines()
    assert [line for line in shown if line != "…" and line not in lines] == []
    stopped = prepare("messy-export/orders.csv", "Returned")
    stopped.assert_stopped(*said[1], """--missing-markers '["8.9o0,00 €"]'""")
    flags = ['--missing-markers=["8.9o0,00 €"]', '--ignore-columns=["Order"]']
    called = prepare("messy-export/orders.csv", "Returned", *flags)
    assert_prepared(called, 120, *(line.partition(": ")[2] for line in [*said[0], *said[2]]))
    assert (called.features["Amount"]["missing"], called.features["Weight"]["missing"]) == (1, 3)
    assert 1817.67 in called.column("Amount")
