import json
import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from preprocess.__main__ import main
from preprocess.conftest import OUTPUTS, Preprocess

ROWS = 400
LINEAGE = b"pinion.preprocess"
TABLE = pa.table(
    {
        "age": [n / 2 for n in range(ROWS)],
        "y": ["<=50K", "<=50K", ">50K"] * (ROWS // 3) + ["<=50K"],
    },
    metadata={
        "pinion.source": "data/é.csv",
        "pinion.sha256": "ab" * 32,
        "pinion.pull_data": '{"delimiter": ";"}',
        "other": "x",
    },
)


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let every write behind the first bytes fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_table_is_split_and_described(preprocess: Preprocess) -> None:
    outcome = preprocess(TABLE)
    assert outcome.code == 0
    assert outcome.err == ""
    train, test = len(outcome.train), len(outcome.test)
    assert outcome.out == (
        f"{train} train and {test} test rows, 1 features, classification of 'y' with 2 classes,"
        " of which '>50K' is positive (dropped: 0 duplicates, 0 rows without a target)\n"
    )
    assert train + test == ROWS
    assert outcome.schema == {
        "schema_version": 1,
        "task": "classification",
        "target": {
            "name": "y",
            "type": "string",
            "classes": ["<=50K", ">50K"],
            "positive_class": ">50K",
        },
        "missing_markers": ["", "?", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"],
        "features": [
            {
                "name": "age",
                "kind": "numeric",
                "missing": 0,
                "min": 0.0,
                "max": 199.5,
                "typed": True,
            }
        ],
    }
    assert outcome.report["columns"] == [
        {"name": "age", "kind": "numeric", "missing": 0, "missing_share": 0.0}
    ]
    assert sorted(path.name for path in outcome.folder.iterdir()) == sorted(OUTPUTS)


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_data_carry_their_origin_and_split(preprocess: Preprocess, split: str) -> None:
    schema = pq.read_schema(preprocess(TABLE).folder / f"{split}-data")
    assert {key: schema.metadata[key] for key in schema.metadata if key != LINEAGE} == {
        b"pinion.source": "data/é.csv".encode(),
        b"pinion.sha256": b"ab" * 32,
        b"pinion.pull_data": b'{"delimiter": ";"}',
        b"pinion.split": split.encode(),
    }


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_data_carry_what_the_step_was_given(
    preprocess: Preprocess, tmp_path: Path, split: str
) -> None:
    first = preprocess(TABLE)
    flags = {
        "--task": "classification",
        "--positive-class": "<=50K",
        "--test-fraction": "0.25",
        "--seed": "7",
        "--ignore-columns": '["größe"]',
        "--allowed-checks": '["id_like"]',
        "--column-types": '{"age": "number"}',
        "--missing-markers": '["-999"]',
        "--decimal": ",",
        "--thousands": ".",
        "--date-format": "%d.%m.%Y",
        "--duplicates": "keep",
        "--reference-schema": str(first.folder / "schema"),
    }
    table = TABLE.append_column("größe", pa.array(range(ROWS)))
    outcome = preprocess(table, *(part for pair in flags.items() for part in pair))
    metadata = pq.read_schema(outcome.folder / f"{split}-data").metadata
    assert json.loads(metadata[LINEAGE]) == {
        "parameters": {
            "target": "y",
            "task": "classification",
            "positive_class": "<=50K",
            "test_fraction": 0.25,
            "seed": 7,
            "ignore_columns": ["größe"],
            "allowed_checks": ["id_like"],
            "column_types": {"age": "number"},
            "missing_markers": ["-999"],
            "decimal": ",",
            "thousands": ".",
            "date_format": "%d.%m.%Y",
            "duplicates": "keep",
        },
        "inputs": {
            "dataset": sha256((tmp_path / "dataset2").read_bytes()).hexdigest(),
            "reference_schema": sha256((first.folder / "schema").read_bytes()).hexdigest(),
        },
    }


def test_equal_calls_give_equal_bytes(preprocess: Preprocess) -> None:
    first, second = preprocess(TABLE).folder, preprocess(TABLE).folder
    for name in OUTPUTS:
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_a_share_of_missing_values_is_reported(preprocess: Preprocess) -> None:
    outcome = preprocess({"n": range(6), "x": ["1", "?", None, "NA", "2", "3"], "y": [*"ababab"]})
    assert outcome.report["columns"][1] == {
        "name": "x", "kind": "numeric", "missing": 3, "missing_share": 0.5,
    }  # fmt: skip


def test_a_table_of_many_batches_is_like_one(preprocess: Preprocess) -> None:
    rows = 300_000
    last = rows - 9
    table = {
        "n": range(rows),
        "c": [f"c{n % 7}" for n in range(rows)],
        "y": [n % 2 if n < last else None for n in range(rows)],
    }
    outcome = preprocess(table)
    assert outcome.rows["n"].sort_values().tolist() == [float(n) for n in range(last)]
    assert outcome.features["n"]["max"] == last - 1
    assert outcome.features["c"]["distinct"] == 7
    assert (outcome.train["n"] % 2 == outcome.train["y"]).all()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        pytest.param(["--test-fraction", "0"], ["--test-fraction: 0 is not between"], id="zero"),
        pytest.param(["--test-fraction", "1"], ["--test-fraction: 1 is not between"], id="all"),
        pytest.param(["--test-fraction", "nan"], ["--test-fraction: nan"], id="nan"),
        pytest.param(["--test-fraction", "1/5"], ["'1/5' is not a number"], id="no fraction"),
        pytest.param(["--seed", "4.2"], ["'4.2' is not a whole number"], id="no seed"),
        pytest.param(["--seed", "-1"], ["--seed: -1 is not between 0"], id="a negative seed"),
        pytest.param(["--task", "ranking"], ["'ranking' is unknown", "regression"], id="task"),
        pytest.param(["--target", ""], ["--target: name the column"], id="no target"),
        pytest.param(["--date-format", "%d/%Q"], ["'%d/%Q' is not a format"], id="no directive"),
        pytest.param(["--date-format", "%d/%d/%Y"], ["is not a format"], id="a day twice"),
        pytest.param(
            ["--column-types", '{"age": ["number"]}'], ["['number'] of 'age' is not a"], id="types"
        ),
        pytest.param(["--schema", ""], ["--schema: the path is empty"], id="no output"),
        pytest.param(["--colour", "red"], ["unrecognized arguments: --colour=red"], id="flag"),
    ],
)
def test_a_wrong_call_is_told_in_one_line(
    preprocess: Preprocess, flags: list[str], words: list[str]
) -> None:
    preprocess(TABLE, *flags).assert_failed(*words, code=2)


def test_an_empty_value_means_the_default(preprocess: Preprocess) -> None:
    plain = preprocess(TABLE)
    empty = preprocess(
        TABLE, "--test-fraction", "", "--seed", "", "--task", "", "--reference-schema", ""
    )
    assert empty.test.equals(plain.test)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(None, ["no such file"], id="missing"),
        pytest.param(b"", ["not a Parquet file"], id="empty"),
        pytest.param(b"a,b\n1,2\n", ["not a Parquet file"], id="CSV"),
    ],
)
def test_what_is_no_dataset_is_told(
    preprocess: Preprocess, tmp_path: Path, content: bytes | None, words: list[str]
) -> None:
    if content is not None:
        (tmp_path / "d").write_bytes(content)
    preprocess(tmp_path / "d").assert_failed(str(tmp_path / "d"), *words)


@pytest.mark.parametrize("page", ["feature", "target"])
def test_a_page_damaged_in_the_middle_names_the_file(
    preprocess: Preprocess, tmp_path: Path, page: str
) -> None:
    table = pa.table({"feature": ["é"] * 40, "target": ["ö", "ü"] * 20})
    path = tmp_path / "d"
    pq.write_table(table, path, compression="NONE", use_dictionary=False)
    letter = {"feature": "é", "target": "ö"}[page].encode()
    # A first byte twice is no UTF-8.
    path.write_bytes(path.read_bytes().replace(letter, letter[:1] * 2))
    preprocess(path, target="target").assert_failed(str(path), "the Parquet file is damaged")


def test_a_dataset_without_rows_is_told(preprocess: Preprocess) -> None:
    preprocess(TABLE.slice(0, 0)).assert_failed("no rows")


def test_a_write_that_fails_leaves_nothing_behind(preprocess: Preprocess, tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": range(9999), "y": [0, 1, 1] * 3333}), tmp_path / "large")
    with file_size_limit(20_000):
        outcome = preprocess(tmp_path / "large")
    outcome.assert_failed("--train-data", "cannot be written: File too large")


def test_two_outputs_of_one_path_are_refused(preprocess: Preprocess, tmp_path: Path) -> None:
    path = str(tmp_path / "same")
    outcome = preprocess(TABLE, "--train-data", path, "--test-data", path)
    outcome.assert_failed("have the same path", code=2)


@pytest.mark.parametrize("flag", [f"--{name}" for name in OUTPUTS])
def test_an_output_that_is_a_folder_leaves_nothing_behind(
    preprocess: Preprocess, tmp_path: Path, flag: str
) -> None:
    preprocess(TABLE, flag, str(tmp_path)).assert_failed(f"{flag}: {tmp_path} is a folder")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
        pytest.param(signal.SIGINT, 130, id="Ctrl-C"),
    ],
)
def test_a_stop_leaves_nothing_behind(
    preprocess: Preprocess, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    rows = 1_500_000
    pq.write_table(pa.table({"n": range(rows), "y": [0, 1] * (rows // 2)}), tmp_path / "large")
    timer = threading.Timer(0.1, os.kill, (os.getpid(), number))
    timer.start()
    outcome = preprocess(tmp_path / "large")
    timer.join()
    outcome.assert_failed(f"stopped by {number.name}", code=code)


def test_help_names_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    out = capsys.readouterr().out
    flags = "--dataset --target --task --test-fraction --seed --reference-schema".split()
    assert [flag for flag in (*flags, *(f"--{name}" for name in OUTPUTS)) if flag not in out] == []
