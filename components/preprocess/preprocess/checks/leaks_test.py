from typing import Any

import numpy as np
import pytest

from preprocess.conftest import Preprocess

RNG = np.random.default_rng(11)
ROWS = 600
LABELS = RNG.choice(["a", "b", "c"], ROWS, p=[0.5, 0.3, 0.2])
AMOUNTS = np.exp(RNG.normal(size=ROWS)) * 100
NOISE = RNG.normal(size=ROWS)
TWO = np.where(LABELS == "a", "no", "yes")
CODES = {"a": 30, "b": 10, "c": 20}


def leak(preprocess: Preprocess, column: Any, target: Any, *flags: str) -> tuple[int, list[Any]]:
    """Return the exit code and the leaks' severities; the table has an honest column too."""
    outcome = preprocess({"noise": NOISE, "x": column, "y": target}, *flags)
    if outcome.code:
        line = outcome.err.splitlines()[-1]
        assert line.startswith("preprocess: error: column 'x' "), line
        assert "--ignore-columns '[\"x\"]'" in line
        return outcome.code, ["error"]
    found = [check for check in outcome.checks if check["check"] == "target_leak"]
    return outcome.code, [check["severity"] for check in found if check["column"] == "x"]


@pytest.mark.parametrize(
    ("column", "target"),
    [
        pytest.param(LABELS, LABELS, id="an exact copy"),
        pytest.param([CODES[label] for label in LABELS], LABELS, id="numbers for labels"),
        pytest.param(LABELS == "a", TWO, id="a boolean for labels"),
        pytest.param(np.where(NOISE > 3.2, "z", LABELS), LABELS, id="a copy but for a row"),
        pytest.param([f"{c}{n % 4}" for n, c in enumerate(LABELS)], LABELS, id="finer codes"),
        pytest.param([None if y == "no" else n / 3 for n, y in enumerate(TWO)], TWO, id="missing"),
        pytest.param(AMOUNTS, AMOUNTS, id="a copied number"),
        pytest.param(7 - 3 * AMOUNTS, AMOUNTS, id="scaled and shifted"),
        pytest.param(AMOUNTS + NOISE * 0.01, AMOUNTS, id="a number with little noise"),
        pytest.param(np.log(AMOUNTS), AMOUNTS, id="a logarithm"),
        pytest.param(
            [f"{n} EUR" for n in AMOUNTS.astype(int) % 90], AMOUNTS.astype(int) % 90, id="as text"
        ),
    ],
)
def test_a_column_that_is_the_target_in_disguise_is_an_error(
    preprocess: Preprocess, column: Any, target: Any
) -> None:
    assert leak(preprocess, column, target) == (1, ["error"])


@pytest.mark.parametrize(
    ("column", "target"),
    [
        pytest.param(np.where(LABELS == "a", NOISE - 9, NOISE + 9), TWO, id="a threshold"),
        pytest.param(np.arange(ROWS) % 9, np.arange(ROWS) % 9 > 5, id="a whole number"),
        pytest.param(
            np.repeat([f"k{n}" for n in range(200)], 3), np.repeat(TWO[:200], 3), id="groups"
        ),
    ],
)
def test_what_honest_data_may_show_is_a_warning(
    preprocess: Preprocess, column: Any, target: Any
) -> None:
    assert leak(preprocess, column, target) == (0, ["warning"])


@pytest.mark.parametrize(
    ("column", "target"),
    [
        pytest.param(NOISE + (LABELS == "a"), LABELS, id="a good feature"),
        pytest.param(np.where(NOISE > 1.3, "a", LABELS), LABELS, id="nine of ten"),
        pytest.param([f"t{n}" for n in range(ROWS)], LABELS, id="another in every row"),
        pytest.param(NOISE > 2.5, NOISE[::-1] > 2.3, id="rare on both sides"),
        pytest.param(AMOUNTS * (1 + NOISE / 50), AMOUNTS, id="correlated by 0.999"),
        pytest.param(
            np.append(NOISE[:-1], 1e9), np.append(AMOUNTS[:-1], 1e9), id="one far value in both"
        ),
    ],
)
def test_an_honest_column_is_none(preprocess: Preprocess, column: Any, target: Any) -> None:
    assert leak(preprocess, column, target) == (0, [])


def test_row_numbers_of_a_table_sorted_by_class_are_an_error(preprocess: Preprocess) -> None:
    numbers = np.arange(1, ROWS + 1)
    assert leak(preprocess, numbers, np.sort(LABELS)) == (1, ["error"])
    # The order of a table's only feature may be what is to be learned.
    alone = preprocess({"x": numbers, "y": np.sort(LABELS)})
    assert [check["severity"] for check in alone.checks] == ["warning", "warning"]


def test_few_rows_match_by_chance(preprocess: Preprocess) -> None:
    table = {"n": [x / 7 for x in range(20)], "x": [*"uv"] * 10, "y": [*"ab"] * 10}
    assert preprocess(table).checks == []


def test_a_leak_is_seen_across_batches_and_among_many_values(preprocess: Preprocess) -> None:
    rows = np.arange(240_000)
    many = [f"n{n}" for n in rows % 20_000]
    table = {"x": many, "z": rows / 2, "y": [f"x{n}" for n in rows % 20_000]}
    outcome = preprocess(table)
    outcome.assert_failed("column 'x' encodes the target 'y'", "'n0 → x0', 'n1 → x1'")


def test_several_errors_are_all_told_and_counted(preprocess: Preprocess) -> None:
    table = {"n": NOISE, "x": LABELS, "é": [CODES[label] for label in LABELS], "y": LABELS}
    outcome = preprocess(table)
    outcome.assert_failed("column 'x' encodes", "(and 1 more error(s), listed above)", lines=3)
    assert "preprocess: error: column 'é' encodes" in outcome.err.splitlines()[1]


@pytest.mark.parametrize("entry", ["target_leak", "target_leak:x"])
def test_an_allowed_leak_stays_in_the_report(preprocess: Preprocess, entry: str) -> None:
    table = {"n": NOISE, "x": LABELS == "a", "y": TWO}
    outcome = preprocess(table, "--allowed-checks", f'["{entry}"]')
    assert outcome.code == 0
    assert outcome.err == ""
    first, second = sorted(
        ["False → yes", "True → no"], key=lambda text: (LABELS[0] == "a") == ("False" in text)
    )
    assert outcome.checks == [
        {
            "check": "target_leak", "severity": "info", "column": "x", "share": 1.0,
            "examples": [first, second], "allowed": True,
        }
    ]  # fmt: skip
    assert outcome.report["warnings"] == []


def test_allowing_one_column_allows_no_other(preprocess: Preprocess) -> None:
    table = {"n": NOISE, "x": LABELS, "z": LABELS, "y": LABELS}
    outcome = preprocess(table, "--allowed-checks", '["target_leak:x", "id_like:z"]')
    outcome.assert_failed("column 'z' encodes")


def test_an_ignored_column_is_not_looked_at(preprocess: Preprocess) -> None:
    outcome = preprocess({"n": NOISE, "x": LABELS, "y": LABELS}, "--ignore-columns", '["x"]')
    assert outcome.code == 0
    assert outcome.rows.columns.tolist() == ["n", "y"]
    assert outcome.checks == []
