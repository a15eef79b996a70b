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
