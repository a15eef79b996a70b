"""Tables whose first rows mislead: what is written is what the whole table says."""

from typing import Any

import pyarrow as pa
import pytest

from preprocess.conftest import Outcome, Preprocess
from preprocess.reading import table

# Several batches.
ROWS = 20_000
BATCH_ROWS = 8_192
NUMBERS = [str(number) for number in range(ROWS)]
LABELS = ["b" if number % 3 else "a" for number in range(ROWS)]
TABLE = {"n": NUMBERS, "m": [str(number % 1000 / 8) for number in range(ROWS)], "y": LABELS}
FIRST = {name: values[0] for name, values in TABLE.items()}


def last(column: str, value: str, before: list[str | None] | None = None) -> dict[str, Any]:
    """Return the table's column, or `before`, with another last value."""
    return {column: [*(before or TABLE[column])[:-1], value]}


@pytest.mark.parametrize(
    ("changed", "flags"),
    [
        pytest.param({}, [], id="the first rows tell all"),
        pytest.param(last("n", "x1"), [], id="a number turns text"),
        pytest.param(last("n", "007"), [], id="a number turns code"),
        pytest.param(last("n", "maybe", ["yes"] * ROWS), [], id="a boolean turns text"),
        pytest.param(last("n", "-", ["2024-01-31"] * ROWS), [], id="a date turns text"),
        pytest.param(last("n", "1", [None] * ROWS), [], id="a missing column has a number"),
        pytest.param(last("m", "-"), [], id="a marker comes last"),
        pytest.param(last("n", "$1,234.5", [f"${n}" for n in NUMBERS]), [], id="a price grows"),
        pytest.param(
            last("n", "31/01/2024", ["03/04/2024", "04/04/2024"] * (ROWS // 2)),
            [],
            id="the last date tells the order",
        ),
        pytest.param(last("y", "0.5", ["1", "0"] * (ROWS // 2)), [], id="classes turn numbers"),
        pytest.param(
            {"y": [*["1", "0"] * (ROWS // 2 - 6), *["no"] * 12]},
            ["--task", "classification"],
            id="numbered classes turn text",
        ),
        pytest.param(
            {name: [*values[:-1], FIRST[name]] for name, values in TABLE.items()},
            [],
            id="the first row comes again",
        ),
        pytest.param(
            {"y": [*LABELS[:-48], *["r", "s", "t", "u"] * 12]},
            [],
            id="small classes are held to their share",
        ),
    ],
)
def test_the_last_rows_count_as_the_first(
    preprocess: Preprocess,
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, Any],
    flags: list[str],
) -> None:
    monkeypatch.setattr(table, "_BATCH_ROWS", BATCH_ROWS)
    given = pa.table({**TABLE, **changed})
    flags = [*flags, "--allowed-checks", '["mixed", "id_like", "rare_class", "target_leak"]']
    forwards = preprocess(given, *flags)
    backwards = preprocess(given.take(list(range(ROWS - 1, -1, -1))), *flags)
    assert forwards.code == backwards.code == 0, forwards.err
    assert forwards.schema == backwards.schema
    assert forwards.report["rows"] == backwards.report["rows"]
    assert forwards.report.get("classes") == backwards.report.get("classes")
    assert sides(forwards) == sides(backwards)
    for outcome in (forwards, backwards):
        assert_as_reported(outcome)


def assert_as_reported(outcome: Outcome) -> None:
    """Assert that the splits are as reported: the report describes the table, not the draft."""
    train, test = outcome.train["y"], outcome.test["y"]
    assert (len(train), len(test)) == tuple(
        outcome.report["rows"][each] for each in ("train", "test")
    )
    for each in outcome.report.get("classes", []):
        found = tuple(int((side.astype(str) == each["label"]).sum()) for side in (train, test))
        assert found == (each["train"], each["test"]), each["label"]


def sides(outcome: Outcome) -> list[list[list[Any]]]:
    return [
        each.sort_values(list(each.columns)).astype(object).fillna("").values.tolist()
        for each in (outcome.train, outcome.test)
    ]
