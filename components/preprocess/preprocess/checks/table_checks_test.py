from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from preprocess.conftest import Preprocess

RNG = np.random.default_rng(5)
ROWS = 300
X = RNG.normal(size=ROWS)
Y = RNG.choice(["a", "b"], ROWS)


def found(preprocess: Preprocess, column: Any) -> list[tuple[str, str]]:
    outcome = preprocess({"x": X, "c": column, "y": Y})
    assert outcome.code == 0, outcome.err
    assert {check.get("column") for check in outcome.checks} <= {"c"}
    return [(check["check"], check["severity"]) for check in outcome.checks]


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(np.arange(ROWS), id="row numbers"),
        pytest.param(RNG.permutation(ROWS) + 1_000_000, id="shuffled numbers"),
        pytest.param(RNG.permutation(ROWS).astype(float), id="as doubles"),
        pytest.param([n if n % 3 else None for n in range(ROWS)], id="with missing ones"),
        pytest.param(RNG.choice(2000, ROWS, replace=False), id="too few repeat"),
        pytest.param([f"user-{n:04}" for n in range(ROWS)], id="text"),
        pytest.param([f"{n * 7919:08}" for n in range(ROWS)], id="digits"),
    ],
)
def test_an_id_is_a_warning(preprocess: Preprocess, column: Any) -> None:
    assert ("id_like", "warning") in found(preprocess, column)


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(RNG.normal(size=ROWS), id="a measure"),
        pytest.param(RNG.choice(10**7, ROWS, replace=False), id="large whole numbers"),
        pytest.param(RNG.integers(0, ROWS, ROWS), id="a count"),
        pytest.param([f"city {n % 200}" for n in range(ROWS)], id="repeated text"),
        pytest.param(np.datetime64("2024-01-01", "ms") + np.arange(ROWS) * 86_400_000, id="days"),
    ],
)
def test_what_only_varies_is_no_id(preprocess: Preprocess, column: Any) -> None:
    assert found(preprocess, column) == []


def test_a_small_table_has_no_ids(preprocess: Preprocess) -> None:
    table = {"n": range(24), "t": [f"t{n}" for n in range(24)], "y": ["a", "b"] * 12}
    assert preprocess(table).checks == []


def test_repeated_rows_do_not_hide_an_id(preprocess: Preprocess) -> None:
    twice = {"id": [*range(ROWS)] * 2, "x": [*X] * 2, "y": [*Y] * 2}
    found = [check["check"] for check in preprocess(twice, "--duplicates", "drop").checks]
    assert found == ["id_like", "repeated_rows", "duplicates"]


def test_ids_are_seen_among_many_rows(preprocess: Preprocess) -> None:
    rows = 250_000
    table = {"id": RNG.permutation(rows), "n": RNG.integers(0, 10**6, rows), "y": [1, 0] * 125_000}
    checks = preprocess(table).checks
    assert [(check["column"], check["rows"], check["share"]) for check in checks] == [
        ("id", rows, 1.0)
    ]


def test_a_constant_is_a_warning_with_its_value(preprocess: Preprocess) -> None:
    long = "é" * 100
    outcome = preprocess({"x": X, "c": [long] * ROWS, "d": ["v", None] * 150, "y": Y})
    assert outcome.checks == [
        {
            "check": "constant", "severity": "warning", "column": "c", "rows": 300, "share": 1.0,
            "examples": ["é" * 79 + "…"],
        }
    ]  # fmt: skip
    assert outcome.report["warnings"] == [outcome.report["checks"][0]["message"]]


def test_features_that_tell_nothing_are_an_error(preprocess: Preprocess) -> None:
    table = {"c": [3] * ROWS, "id": [f"u{n}" for n in range(ROWS)], "y": Y}
    outcome = preprocess(table, "--allowed-checks", '["no_usable_features"]')
    outcome.assert_failed("each of the 2 feature(s) is constant, or text", lines=3)


def test_missing_columns_are_told_together_and_can_be_left_out(preprocess: Preprocess) -> None:
    table = {"x": X, "e": [None] * ROWS, "f": ["?"] * ROWS, "y": Y}
    outcome = preprocess(table)
    outcome.assert_failed("'e' has no values", "--ignore-columns '[\"e\"]'", lines=3)
    assert preprocess(table, "--ignore-columns", '["e", "f"]').code == 0


def test_values_beside_no_target_do_not_count(preprocess: Preprocess) -> None:
    table = {"x": X, "e": ["v"] * 20 + [None] * 280, "y": [None] * 20 + [*Y[20:]]}
    allowed = ["--allowed-checks", '["without_target"]']
    preprocess(table, *allowed).assert_failed("'e' has no values")


def test_classes_too_rare_to_split_are_named(preprocess: Preprocess) -> None:
    labels = ["p", "q", "q", "r", *Y[4:]]
    outcome = preprocess({"x": X, "y": labels}, "--allowed-checks", '["rare_class"]')
    outcome.assert_failed("2 classes of 'y' have few rows, such as 'p' (1), 'r' (1)")


def test_a_class_of_few_rows_is_a_warning(preprocess: Preprocess) -> None:
    outcome = preprocess({"x": X, "y": ["q"] * 9 + [*Y[9:]]})
    assert outcome.checks == [
        {
            "check": "rare_class", "severity": "warning", "column": "y", "rows": 9, "share": 0.03,
            "examples": ["q"],
        }
    ]  # fmt: skip
    assert "the class 'q' of 'y' has 9 rows" in outcome.err


def test_all_that_does_not_fit_a_schema_is_told(preprocess: Preprocess) -> None:
    first = preprocess({"x": X, "n": X * 2, "old": X * 3, "y": Y})
    table = {"x": ["?", "one", "two", *map(str, X[3:])], "n": [True] * ROWS, "new": X, "y": Y}
    outcome = preprocess(table, "--reference-schema", str(first.folder / "schema"))
    outcome.assert_failed("column 'old' of the reference schema is not", "3 more", lines=5)
    told = [line.split(";")[0] for line in outcome.err.splitlines()[:4]]
    assert [line.removeprefix("preprocess: error: ") for line in told] == [
        "--dataset: column 'old' of the reference schema is not in the table",
        "--dataset: column 'new' of the table is not in the reference schema",
        "--dataset: column 'x' is numeric in the reference schema, and 2 of 300 row(s) do not fit,"
        " such as 'one', 'two'",
        "--dataset: column 'n' is numeric in the reference schema, and 300 of 300 row(s) do not"
        " fit, such as 'True'",
    ]


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        pytest.param(["--ignore-columns", '["xx"]'], 1, ["'xx'", "did you mean 'x'"], id="unknown"),
        pytest.param(["--ignore-columns", '["y"]'], 2, ["'y' is the target"], id="the target"),
        pytest.param(["--ignore-columns", "x"], 2, ["'x' is not JSON"], id="no JSON"),
        pytest.param(["--ignore-columns", "[1]"], 2, ["is not a JSON list of names"], id="no text"),
        pytest.param(["--ignore-columns", '["x"]'], 1, ["the only column is the target"], id="all"),
        pytest.param(["--allowed-checks", '["leak"]'], 2, ["'leak'", "target_leak"], id="check"),
        pytest.param(["--allowed-checks", '["id_like:z"]'], 1, ["'z' is not a column"], id="of z"),
    ],
)
def test_a_wrong_list_is_told(
    preprocess: Preprocess, flags: list[str], code: int, words: list[str]
) -> None:
    preprocess({"x": X, "y": Y}, *flags).assert_failed(*words, code=code)


def test_a_column_of_no_usable_type_can_be_left_out(preprocess: Preprocess) -> None:
    table = pa.table(
        {"x": X, " a.b ": [[1]] * ROWS, "a": [str(n % 7) for n in range(ROWS)], "y": Y}
    )
    preprocess(table).assert_failed("column ' a.b ' has the type list", "--ignore-columns")
    outcome = preprocess(table, "--ignore-columns", '["a.b"]')
    assert outcome.rows.columns.tolist() == ["x", "a", "y"]
