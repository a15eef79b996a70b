import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pull_data.conftest import Pull
from pull_data.formats.table import ROW_GROUP_ROWS


def test_parquet_keeps_its_types_under_any_name(pull: Pull, tmp_path: Path) -> None:
    table = pa.table(
        {
            "n": pa.array([1, None], pa.int8()),
            "d": pa.array([Decimal("1.25"), None]),
            "c": pa.array(["x", "y"]).dictionary_encode(),
            "nested": pa.array([[1], []]),
        }
    )
    pq.write_table(table, tmp_path / "t.csv")
    assert pull(tmp_path / "t.csv").table.cast(table.schema).equals(table)


def test_row_groups_are_of_an_even_size(pull: Pull, tmp_path: Path) -> None:
    rows = 2 * ROW_GROUP_ROWS + 5
    pq.write_table(pa.table({"n": range(rows)}), tmp_path / "t.parquet", row_group_size=10_000)
    outcome = pull(tmp_path / "t.parquet")
    metadata = pq.read_metadata(outcome.folder / "dataset")
    sizes = [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]
    assert sum(sizes) == rows
    assert len(sizes) == 3
    assert outcome.table.column("n").to_pylist() == list(range(rows))


@pytest.mark.parametrize("index", ["__index_level_0__", "__null_dask_index__"])
def test_the_unnamed_index_of_pandas_is_left_out(pull: Pull, tmp_path: Path, index: str) -> None:
    table = pa.table({"a": [1], index: [7]})
    stored = json.dumps({"index_columns": [index]})
    pq.write_table(table.replace_schema_metadata({"pandas": stored}), tmp_path / "t.parquet")
    outcome = pull(tmp_path / "t.parquet")
    assert outcome.table.column_names == ["a"]
    assert f"left out the pandas index {index}" in outcome.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"PAR1 and then nothing", ["the Parquet file is damaged"], id="cut off"),
        pytest.param(b"a,b\n1,2\n", ["the name says Parquet, but"], id="CSV by another name"),
    ],
)
def test_what_is_no_parquet_is_told_in_one_line(
    pull: Pull, tmp_path: Path, content: bytes, words: list[str]
) -> None:
    (tmp_path / "t.parquet").write_bytes(content)
    pull(tmp_path / "t.parquet").assert_failed(*words)


def test_a_page_damaged_in_the_middle_leaves_nothing(pull: Pull, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"n": [f"{n * 7919:09}" for n in range(50_000)]}), path)
    content = bytearray(path.read_bytes())
    content[4:5000] = b"\xff" * 4996
    path.write_bytes(content)
    pull(path).assert_failed(str(path), "the Parquet file is damaged")


def test_a_page_of_damaged_text_leaves_nothing(pull: Pull, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"s": ["é"] * 9}), path, compression="NONE", use_dictionary=False)
    # A first byte twice is no UTF-8.
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xc3\xc3"))
    pull(path).assert_failed(str(path), "the Parquet file is damaged")


def test_parquet_without_rows_is_refused(pull: Pull, tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "t.parquet")
    pull(tmp_path / "t.parquet").assert_failed("columns but no rows")
