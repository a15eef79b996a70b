import json
from pathlib import Path
from typing import Any

import pytest

from preprocess.conftest import Preprocess

ROWS = 40
Y = ["a", "b", "b", "a"] * (ROWS // 4)
N = [n / 2 for n in range(ROWS)]
TABLE: dict[str, Any] = {
    "n": N,
    "city": ["Köln", "Rom"] * 20,
    "day": ["2024-01-31", "2024-06-30"] * 20,
    "ok": ["yes"] * 39 + ["no"],
    "y": Y,
}


@pytest.fixture()
def reference(preprocess: Preprocess) -> list[str]:
    """Return the flag that checks a table against the schema of TABLE."""
    return ["--reference-schema", str(preprocess(TABLE).folder / "schema")]


def test_the_same_table_fits_and_gives_the_same_schema(
    preprocess: Preprocess, reference: list[str]
) -> None:
    outcome = preprocess(TABLE, *reference)
    assert outcome.code == 0
    assert outcome.schema == json.loads(Path(reference[1]).read_text())
    assert outcome.report["warnings"] == []


def test_target_and_kinds_are_those_of_the_reference(
    preprocess: Preprocess, reference: list[str]
) -> None:
    table = {
        **TABLE,
        "city": [str(n) for n in range(ROWS)],
        "n": ["007", *map(str, range(1, ROWS))],
    }
    outcome = preprocess(table, *reference, target="")
    assert outcome.schema["target"]["name"] == "y"
    assert [feature["kind"] for feature in outcome.schema["features"]] == [
        "numeric", "categorical", "date", "boolean",
    ]  # fmt: skip


def test_text_labels_stay_text_where_all_look_like_numbers(preprocess: Preprocess) -> None:
    mixed = {"n": N, "y": ["1", "2", "x", "1"] * 10}
    schema = str(preprocess(mixed).folder / "schema")
    outcome = preprocess({"n": N, "y": ["1", "2"] * 20}, "--reference-schema", schema)
    assert outcome.schema["target"]["type"] == "string"
    assert outcome.schema["target"]["classes"] == ["1", "2"]


def test_what_was_not_seen_before_is_a_warning(
    preprocess: Preprocess, reference: list[str]
) -> None:
    table = {
        **TABLE,
        "n": [n - 3.5 for n in N],
        "city": ["Köln", "Oslo", "Bonn", "Rom"] * 10,
        "day": ["2024-01-31", "2025-01-01"] * 20,
        "y": ["a", "b", "c", "a", "c", "b", "b", "c", "a", "c"] * 4,
    }
    outcome = preprocess(table, *reference)
    assert outcome.code == 0
    assert outcome.report["warnings"] == [
        "target 'y': new classes: 'c'",
        "column 'n': values down to -3.5, earlier 0.0",
        "column 'city': new categories: 'Bonn', 'Oslo'",
        "column 'day': values up to 2025-01-01T00:00:00, earlier 2024-06-30T00:00:00",
    ]
    assert len(outcome.err.splitlines()) == 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(
            {"n": None},
            ["column 'n' of the reference schema is not in the table"],
            id="a missing column",
        ),
        pytest.param(
            {"m": N},
            ["column 'm' of the table is not in", "--ignore-columns '[\"m\"]'"],
            id="a new column",
        ),
        pytest.param(
            {"n": ["1", "n/k", "2", "x", "n/k"] + ["7"] * 35},
            ["column 'n' is numeric", "3 of 40 row(s) do not fit, such as 'n/k', 'x'"],
            id="text among numbers",
        ),
        pytest.param(
            {"day": ["2024-02-30"] + ["2024-01-01"] * 39},
            ["column 'day' is date", "1 of 40 row(s)", "'2024-02-30'"],
            id="no date",
        ),
        pytest.param({"ok": N}, ["column 'ok' is boolean", "40 of 40 row(s)"], id="another type"),
        pytest.param(
            {"y": [n // 2 % 4 for n in range(ROWS)]},
            ["the target 'y' has no class of the reference schema", "'0'"],
            id="numbers for text",
        ),
        pytest.param(
            {"y": ["c", "d", "d", "c"] * 10},
            ["the target 'y' has no class of the reference schema", "'c', 'd', earlier 'a'"],
            id="classes",
        ),
        pytest.param({"y": ["2024-01-01"] * 40}, ["holds dates"], id="a date target"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(
    preprocess: Preprocess, reference: list[str], change: dict[str, Any], words: list[str]
) -> None:
    table = {name: values for name, values in {**TABLE, **change}.items() if values is not None}
    preprocess(table, *reference).assert_failed(*words)


def test_another_task_or_target_is_refused(preprocess: Preprocess, reference: list[str]) -> None:
    preprocess(TABLE, *reference, target="n").assert_failed("'n' is not 'y', the target")
    numbers = {**TABLE, "y": N}
    preprocess(numbers, *reference, "--task", "regression").assert_failed(
        "'y' makes this a regression of double values", "but it was a classification"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", ["preprocess did not write this file"], id="empty"),
        pytest.param("{x", ["preprocess did not write this file"], id="malformed"),
        pytest.param("[]", ["preprocess did not write this file"], id="a list"),
        pytest.param("{}", ["'schema_version' is missing"], id="no version"),
        pytest.param('{"schema_version": 2}', ["schema_version 2, not 1"], id="another version"),
        pytest.param('{"schema_version": 1, "task": "x"}', ["preprocess did not write"], id="half"),
    ],
)
def test_a_file_that_is_no_schema_is_told(
    preprocess: Preprocess, tmp_path: Path, text: str, words: list[str]
) -> None:
    (tmp_path / "schema.json").write_text(text)
    outcome = preprocess(TABLE, "--reference-schema", str(tmp_path / "schema.json"))
    outcome.assert_failed("schema.json", *words)


def test_a_missing_schema_is_told(preprocess: Preprocess) -> None:
    preprocess(TABLE, "--reference-schema", "/nowhere/s").assert_failed(
        "No such file", "/nowhere/s"
    )


EARLIER: dict[str, Any] = {
    "price": ["$1,200.5", "$7", "$2,345,678"] + ["$10"] * 37,
    "size": ["1,5", "2,25", "0,5"] + ["7,5"] * 37,
    "day": ["25/01/2024", "03/04/2024"] * 20,
    "code": [str(n % 9) for n in range(39)] + ["unknown"],
    "y": Y,
}
FLAGS = ['--missing-markers=["unknown"]', "--decimal=,"]


@pytest.fixture()
def earlier(preprocess: Preprocess) -> str:
    """Return the flag for the schema of EARLIER, whose columns all have a reading."""
    outcome = preprocess(EARLIER, *FLAGS)
    assert outcome.code == 0, outcome.err
    return f"--reference-schema={outcome.folder / 'schema'}"


def test_values_are_read_as_in_the_earlier_table(preprocess: Preprocess, earlier: str) -> None:
    table = {
        "price": ["$1,234", "5"] + ["$2.5"] * 38,
        "size": ["1,234", "12"] + ["3,75"] * 38,
        "day": ["03/04/2025"] * 39 + ["04/03/2025"],
        "code": ["unknown"] * 3 + ["4"] * 37,
        "y": Y,
    }
    outcome = preprocess(table, earlier)
    assert outcome.code == 0, outcome.err
    assert outcome.schema["missing_markers"][-1] == "unknown"
    found = outcome.rows
    assert sorted(found["price"])[-2:] == [5.0, 1234.0]
    assert sorted(found["size"])[::39] == [1.234, 12.0]
    assert {str(day.date()) for day in found["day"]} == {"2025-04-03", "2025-03-04"}
    assert outcome.features["code"]["missing"] == 3
    # Without the schema it is not told apart from 4 March.
    preprocess(table).assert_failed("column 'day' can be read in 2 ways, such as '03/04/2025'")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(
            {"size": ["1.5"] * 40},
            ["column 'size' is numeric", "40 of 40 row(s) do not fit, such as '1.5'"],
            id="another decimal sign",
        ),
        pytest.param(
            {"day": ["2024-01-25"] * 40},
            ["column 'day' is date", "40 of 40 row(s)", "'2024-01-25'"],
            id="another format of dates",
        ),
        pytest.param(
            {"price": ["€5"] + ["$10"] * 39},
            ["column 'price' is numeric", "1 of 40 row(s) do not fit, such as '€5'"],
            id="another sign",
        ),
        pytest.param(
            {"code": ["none yet"] * 2 + ["4"] * 38},
            ["2 of 40", """--missing-markers '["none yet"]', or leave out --reference-schema"""],
            id="another marker",
        ),
    ],
)
def test_values_in_another_form_are_refused(
    preprocess: Preprocess, earlier: str, change: dict[str, Any], words: list[str]
) -> None:
    preprocess({**EARLIER, **change}, earlier).assert_failed(*words)


def test_further_markers_may_be_given(preprocess: Preprocess, earlier: str) -> None:
    table = {**EARLIER, "code": ["none yet"] * 2 + ["4"] * 37 + ["unknown"]}
    outcome = preprocess(table, earlier, '--missing-markers=["none yet"]')
    assert outcome.features["code"]["missing"] == 3
    assert outcome.schema["missing_markers"][-2:] == ["none yet", "unknown"]


def test_a_kind_that_the_earlier_table_does_not_have_is_refused(
    preprocess: Preprocess, earlier: str
) -> None:
    preprocess(EARLIER, earlier, '--column-types={"code": "category"}').assert_failed(
        "--column-types: 'code' is to be categorical, but it is numeric in the reference schema"
    )
    assert preprocess(EARLIER, earlier, '--column-types={"code": "number"}').code == 0


def test_a_target_is_read_as_in_the_earlier_table(preprocess: Preprocess) -> None:
    table: dict[str, Any] = {"n": N, "y": [f"{n * n % 37},5 kg" for n in range(100, 140)]}
    schema = f"--reference-schema={preprocess(table).folder / 'schema'}"
    typo = {**table, "y": ["104,5 kg", "abc"] + [f"{n * n % 37},25 kg" for n in range(38)]}
    preprocess(typo, schema).assert_failed(
        "column 'y' is numeric in the reference schema", "1 of 40 row(s) do not fit, such as 'abc'"
    )
    outcome = preprocess({**table, "y": ["104,5 kg", *table["y"][1:]]}, schema)
    assert outcome.schema["target"]["max"] == 104.5


def test_a_class_that_elsewhere_is_missing_stays_one(preprocess: Preprocess) -> None:
    table = {"n": N, "y": ["None", "b", "b", "c"] * 10}
    first = preprocess(table, '--allowed-checks=["class:None"]')
    outcome = preprocess(table, f"--reference-schema={first.folder / 'schema'}")
    assert outcome.code == 0, outcome.err
    assert outcome.schema["target"]["classes"] == ["None", "b", "c"]
