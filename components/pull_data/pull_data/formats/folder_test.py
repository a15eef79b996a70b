import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pull_data.conftest import Pull
from pull_data.formats.table import ROW_GROUP_ROWS

# As components/README.md has it.
SHA256 = r"find * -type f -name '*.parquet' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum"


def write(folder: Path, files: Mapping[str, dict[str, Any] | bytes]) -> Path:
    """Write a folder of files: columns as Parquet, bytes as they are."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            pq.write_table(pa.table(content), file)
    return folder


def spark(folder: Path) -> Path:
    """Write the files that Spark writes for a table that is partitioned by country and year."""
    return write(
        folder,
        {
            "_SUCCESS": b"",
            "._SUCCESS.crc": b"crc",
            "_metadata": b"PAR1 of all",
            "_common_metadata": b"PAR1",
            ".hidden/part-9.parquet": {"n": [99]},
            "_logs/part-9.parquet": {"n": [99]},
            "part_$folder$": b"",
            "country=FR/year=2024/part-1.snappy.parquet": {"n": [3]},
            "country=DE/year=2024/.part-0.parquet.crc": b"crc",
            "country=DE/year=2024/part-0.parquet.crc": b"crc",
            "country=DE/year=2024/part-0.parquet": {"n": [2]},
            "country=DE/year=0007/000000_0": {"n": [1]},
            "country=__HIVE_DEFAULT_PARTITION__/year=2023/part-0.parquet": {"n": [5]},
            "country=C%C3%B4te d%27Ivoire%2FX/year=/part-0.parquet": {"n": [0]},
            "country=Österreich/year=2023/part-0.parquet": {"n": [6, 7]},
            "country=FR/year=2024/part-10.snappy.parquet": {"n": [4]},
        },
    )


ONE = {"n": [1]}
ROWS = [
    {"n": 0, "country": "Côte d'Ivoire/X", "year": None},
    {"n": 1, "country": "DE", "year": "0007"},
    {"n": 2, "country": "DE", "year": "2024"},
    {"n": 3, "country": "FR", "year": "2024"},
    {"n": 4, "country": "FR", "year": "2024"},
    {"n": 5, "country": None, "year": "2023"},
    {"n": 6, "country": "Österreich", "year": "2023"},
    {"n": 7, "country": "Österreich", "year": "2023"},
]


@pytest.mark.parametrize("spell", [str, lambda path: f"{path}/", Path.as_uri])
def test_a_folder_of_spark_is_one_table(
    pull: Pull, tmp_path: Path, spell: Callable[[Path], str]
) -> None:
    source = spell(spark(tmp_path / "my table"))
    outcome = pull(source)
    assert outcome.table.to_pylist() == ROWS
    assert [str(kind) for kind in outcome.table.schema.types] == ["int64", "string", "string"]
    digest = outcome.table.schema.metadata[b"pinion.sha256"].decode()
    assert outcome.table.schema.metadata[b"pinion.source"] == source.encode()
    assert outcome.out == f"8 rows, 3 columns from {source} (sha256 {digest})\n"
    assert outcome.err == ""


def test_the_order_is_that_of_the_paths_as_bytes(pull: Pull, tmp_path: Path) -> None:
    names = ["ü", "z", "part-2", "part-10", "part-1", "Z", "a b", "a=1"]
    folder = write(tmp_path / "t", {name: {"name": [name]} for name in names})
    assert pull(folder).table.column("name").to_pylist() == [
        "Z", "a b", "a=1", "part-1", "part-10", "part-2", "z", "ü"
    ]  # fmt: skip


def test_equal_folders_give_equal_bytes(pull: Pull, tmp_path: Path) -> None:
    files = {f"k={n % 3}/part-{n}.parquet": {"n": list(range(n))} for n in range(1, 9)}
    first = (pull(write(tmp_path / "t", files)).folder / "dataset").read_bytes()
    shutil.rmtree(tmp_path / "t")
    again = write(tmp_path / "t", dict(reversed(files.items())))
    assert (pull(again).folder / "dataset").read_bytes() == first


def test_the_hash_is_what_the_contract_says(pull: Pull, tmp_path: Path) -> None:
    folder = write(
        tmp_path / "t",
        {
            "_SUCCESS": b"",
            "k=a b/.part-0.parquet.crc": b"",
            "k=a b/part-0.parquet": {"n": [1]},
            "k=a-b/part-0.parquet": {"n": [2]},
            "k=a/part-0.parquet": {"n": [3]},
        },
    )
    said = subprocess.run(["sh", "-c", SHA256], cwd=folder, capture_output=True, check=True).stdout
    digest = said.decode().split()[0]
    outcome = pull(folder, "--sha256", digest)
    assert outcome.table.column("n").to_pylist() == [1, 2, 3]
    assert outcome.table.schema.metadata[b"pinion.sha256"].decode() == digest


def test_a_file_of_the_folder_that_is_another_is_another_hash(pull: Pull, tmp_path: Path) -> None:
    folder = write(tmp_path / "t", {"a.parquet": {"n": [1]}, "b.parquet": {"n": [2]}})
    digest = pull(folder).table.schema.metadata[b"pinion.sha256"].decode()
    again = pull(folder, "--sha256", digest.upper())
    assert again.code == 0
    shutil.rmtree(again.folder)
    (folder / "b.parquet").rename(folder / "c.parquet")
    outcome = pull(folder, "--sha256", digest)
    outcome.assert_failed("t: the SHA-256 is ", f"--sha256 is {digest}")


def test_files_that_differ_only_in_spelling_are_one_table(pull: Pull, tmp_path: Path) -> None:
    """Another order of columns, no value in one file, a dictionary, no nulls in one."""
    texts = pa.array(["x", "y", "x"])
    a = pa.table({"n": [1, 2, 3], "s": texts.dictionary_encode(), "late": pa.nulls(3)})
    required = pa.schema([pa.field("s", pa.string(), nullable=False), ("late", pa.float64())])
    b = pa.table([texts, pa.array([0.5, None, 1])], schema=required)
    c = pa.table({"s": pa.array(["z", None]).dictionary_encode(), "late": [1.0, 2.0]})
    folder = tmp_path / "t"
    folder.mkdir()
    for name, table in {"a": a, "b": b, "c": c}.items():
        given = (
            table if "n" in table.column_names else table.append_column("n", [range(len(table))])
        )
        pq.write_table(given.cast(given.schema), folder / name)
    table = pull(folder).table
    assert {field.name: str(field.type) for field in table.schema} == {
        "n": "int64", "s": "string", "late": "double"
    }  # fmt: skip
    assert table.column("s").to_pylist() == ["x", "y", "x", "x", "y", "x", "z", None]
    assert table.column("late").to_pylist() == [None, None, None, 0.5, None, 1.0, 1.0, 2.0]


def test_a_partition_that_is_in_the_files_too_keeps_their_types(pull: Pull, tmp_path: Path) -> None:
    day = date(2024, 1, 31)
    folder = write(
        tmp_path / "t",
        {
            "day=2024-01-31/x=1.50/k=007/a": {"x": [1.5], "n": [1], "day": [day]},
            "day=2024-01-31/x=__HIVE_DEFAULT_PARTITION__/k=8/b": {
                "x": pa.nulls(2, pa.float64()),
                "n": [2, 3],
                "day": [day] * 2,
            },
        },
    )
    assert pull(folder).table.to_pylist() == [
        {"x": 1.5, "n": 1, "day": day, "k": "007"},
        {"x": None, "n": 2, "day": day, "k": "8"},
        {"x": None, "n": 3, "day": day, "k": "8"},
    ]


def test_files_without_rows_are_nothing(pull: Pull, tmp_path: Path) -> None:
    none = {"n": pa.array([], pa.int64())}
    folder = write(tmp_path / "t", {"a": none, "b": {"n": [1]}, "c": none})
    assert pull(folder).table.to_pylist() == [{"n": 1}]


def test_a_folder_without_rows_is_refused(pull: Pull, tmp_path: Path) -> None:
    none = {"n": pa.array([], pa.int64())}
    folder = write(tmp_path / "t", {"a": none, "b": none})
    pull(folder).assert_failed("t: the table has columns but no rows")


def test_the_unnamed_index_of_pandas_is_left_out_once(pull: Pull, tmp_path: Path) -> None:
    stored = {"pandas": json.dumps({"index_columns": ["__index_level_0__"]})}
    table = pa.table({"a": [1], "__index_level_0__": [7]}).replace_schema_metadata(stored)
    pq.write_to_dataset(table.append_column("k", [["x"]]), tmp_path / "t", partition_cols=["k"])
    pq.write_table(table, tmp_path / "t" / "k=x" / "second")
    outcome = pull(tmp_path / "t")
    assert outcome.table.to_pylist() == [{"a": 1, "k": "x"}] * 2
    assert outcome.err == (
        f"pull_data: {tmp_path / 't'}: left out the pandas index __index_level_0__\n"
    )


def test_small_files_are_gathered_into_even_row_groups(pull: Pull, tmp_path: Path) -> None:
    rows = ROW_GROUP_ROWS // 4
    files = {f"part-{part}": {"n": range(part * rows, part * rows + rows)} for part in range(9)}
    outcome = pull(write(tmp_path / "t", files))
    metadata = pq.read_metadata(outcome.folder / "dataset")
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    assert sizes == [ROW_GROUP_ROWS, ROW_GROUP_ROWS, rows]
    assert outcome.table.column("n").to_pylist() == list(range(9 * rows))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        pytest.param(
            {"_SUCCESS": b""}, ["t: there are no Parquet files in this folder"], id="empty"
        ),
        pytest.param(
            {"a.csv": b"n\n1\n", "b.csv": b"n\n2\n"}, ["t/a.csv: not a Parquet file"], id="CSV"
        ),
        pytest.param(
            {"a.parquet": ONE, "b.parquet": b"n\n1\n"},
            ["t/b.parquet: the name says Parquet, but the content is not"],
            id="CSV by another name",
        ),
        pytest.param({"a": ONE, "b": b""}, ["t/b: the file is empty"], id="an empty file"),
        pytest.param({"a": ONE, "b": b"PAR1 cut"}, ["t/b: the Parquet file is damaged"], id="cut"),
        pytest.param({"a": ONE, "k=1/b": ONE}, ["t: a and k=1/b have different"], id="depths"),
        pytest.param(
            {"k=1/a": ONE, "j=1/b": ONE},
            ["t: j=1/b and k=1/a have different partition columns"],
            id="partitions",
        ),
        pytest.param({"sub/a": ONE}, ["t: the folder 'sub' in it is not a partition"], id="sub"),
        pytest.param({"=1/a": ONE}, ["'=1' in it is not a partition"], id="a nameless partition"),
        pytest.param({" =1/a": ONE}, ["column 2 of 2 has no name"], id="a blank partition"),
        pytest.param(
            {"k=1/k=2/a": ONE},
            ["two folders in k=1/k=2/a stand for the column 'k'"],
            id="a partition twice",
        ),
        pytest.param(
            {"n=1/a": ONE, "n=2/b": ONE},
            ["t/n=2/b: column 'n' differs from the value in the folder's name, '2'"],
            id="another value in the file",
        ),
        pytest.param({"n=x/a": ONE}, ["column 'n' differs", "'x'"], id="another type in the file"),
        pytest.param({"n=1/a": {"n": [1, None]}}, ["column 'n' differs"], id="a null in the file"),
        pytest.param({"n=/a": ONE}, ["column 'n' differs", "None"], id="no null in the file"),
        pytest.param({"k=%FF/a": ONE}, ["the folder name 'k=%FF' is not UTF-8"], id="not UTF-8"),
        pytest.param(
            {"a\nb": ONE}, ["the file name 'a\\nb' contains a line break"], id="line break"
        ),
        pytest.param(
            {"a": ONE, "b": {"n": ["1"]}},
            ["t: column 'n' is int64 in a and string in b; use one type"],
            id="types",
        ),
        pytest.param(
            {"a": {"n": [None]}, "b": ONE, "c": {"n": [0.5]}},
            ["t: column 'n' is int64 in b and double in c"],
            id="types behind a file without values",
        ),
        pytest.param(
            {"a": {"n": [1], "m": [1]}, "b": ONE},
            ["t: b has no column 'm', which a has"],
            id="a column less",
        ),
        pytest.param(
            {"a": ONE, "b": {"n": [1], "m": [1]}},
            ["t: a has no column 'm', which b has"],
            id="a column more",
        ),
        pytest.param(
            {"a": ONE, "_delta_log/0.json": b"{}"},
            ["t: this is a Delta Lake table"],
            id="Delta Lake",
        ),
        pytest.param({"a": ONE, ".hoodie/x": b""}, ["t: this is a Hudi table"], id="Hudi"),
        pytest.param(
            {"a": ONE, "_temporary/0/x": b""}, ["t: a write into this folder has not"], id="half"
        ),
    ],
)
def test_a_folder_that_is_no_table_is_told_in_one_line(
    pull: Pull, tmp_path: Path, files: Mapping[str, dict[str, Any] | bytes], words: list[str]
) -> None:
    folder = write(tmp_path / "t", files)
    pull(folder).assert_failed(*words)
