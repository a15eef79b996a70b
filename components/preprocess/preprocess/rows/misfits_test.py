"""Where values that do not fit are: in the rows of the source, found in one pass for all."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from preprocess.conftest import Preprocess
from preprocess.reading.table import Dataset

ROWS = 200
N = [f"{(n * 37) % 211 / 4}" for n in range(ROWS)]
LABELS = ["a", "b", "b", "a", "b"] * (ROWS // 5)
TITLE = '{"first": 8, "header": 7, "left_out": []}'
GAPS = '{"first": 2, "header": 1, "left_out": [3, 9, 90]}'
JSON_LINES = '{"first": 1, "header": 0, "left_out": []}'


def table(rows: str, changes: dict[int, str], **more: list[Any]) -> pa.Table:
    """Return a table of text of which `pull_data` recorded where its rows are."""
    column = [changes.get(n, value) for n, value in enumerate(N)]
    data = {"m": column, "n": N, "y": LABELS, **more}
    return pa.table(data).replace_schema_metadata({"pinion.rows": rows} if rows else None)


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        pytest.param("", "row 2, '12..5' in row 102 (the header is row 1)", id="plain"),
        pytest.param(TITLE, "row 8, '12..5' in row 108 (the header is row 7)", id="a title"),
        pytest.param(
            GAPS, "row 2, '12..5' in row 105 (the header is row 1)", id="rows left out before"
        ),
        pytest.param(JSON_LINES, "row 1, '12..5' in row 101; correct", id="no header"),
        pytest.param("[1]", "row 2, '12..5' in row 102 (the header is row 1)", id="damaged"),
    ],
)
def test_a_misfit_is_named_with_its_row_in_the_source(
    preprocess: Preprocess, rows: str, where: str
) -> None:
    preprocess(table(rows, {0: "12..5", 100: "12..5"})).assert_failed(f"'12..5' in {where}")


def test_every_message_counts_the_rows_alike(preprocess: Preprocess) -> None:
    labels: list[Any] = [None, None, None, *LABELS[3:]]
    preprocess(table(TITLE, {}, y=labels)).assert_failed(
        "such as row 8, row 9, row 10 (the header is row 7)"
    )
    preprocess(table(TITLE, {4: "1e39"})).assert_failed("1e39 in row 12 (the header is row 7)")
    ids = [str(n) for n in range(ROWS)]
    again = table(TITLE, {}, id=ids)
    twice = pa.concat_tables([again, again.slice(0, 9)])
    outcome = preprocess(twice)
    assert outcome.code == 1
    assert "such as row 208, row 209, row 210 (the header is row 7)" in outcome.err


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        pytest.param([], 1, id="mixed"),
        pytest.param(['--column-types={"m": "number", "n": "number"}'], 0, id="set"),
    ],
)
def test_all_columns_are_looked_at_in_two_further_passes(
    preprocess: Preprocess, monkeypatch: pytest.MonkeyPatch, flags: list[str], code: int
) -> None:
    passes, batches = [], Dataset.batches

    def counted(dataset: Dataset, target: str) -> Any:
        passes.append(target)
        return batches(dataset, target)

    monkeypatch.setattr(Dataset, "batches", counted)
    faulty = [["?!", *N[1:]], [*N[:-1], "?!"]]
    outcome = preprocess(table("", {}, m=faulty[0], n=faulty[1]), *flags)
    assert outcome.code == code, outcome.err
    # The first pass, a look at the forms of numbers, and the misfits; then what writes the rows.
    assert len(passes) == 3 if code else 4
    assert "'?!' in row 2 (" in outcome.err
    assert "'?!' in row 201 (" in outcome.err


def test_the_rows_of_a_file_are_those_of_its_own_metadata(preprocess: Preprocess) -> None:
    outcome = preprocess(table("", {}))
    late = outcome.folder.parent / "late"
    with pq.ParquetWriter(late, table("", {}).schema) as writer:
        writer.write_table(table("", {7: "x"}))
        writer.add_key_value_metadata({"pinion.rows": TITLE})
    preprocess(late).assert_failed("'x' in row 15 (the header is row 7)")
