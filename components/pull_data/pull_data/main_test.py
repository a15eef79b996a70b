import hashlib
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from pull_data.__main__ import main
from pull_data.conftest import Pull

CSV = b"a,b\n1,x\n2,y\n"


@pytest.fixture()
def _file_size_limit() -> Iterator[None]:
    """Let every write behind the first 50 kB fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    ("source", "rows", "columns", "target"),
    [
        pytest.param("sample:breast_cancer", 569, 31, "diagnosis", id="breast_cancer"),
        pytest.param("sample:diabetes", 442, 11, "progression", id="diabetes"),
        pytest.param(None, 569, 31, "diagnosis", id="the default"),
    ],
)
def test_a_sample_needs_no_network(
    pull: Pull, source: str | None, rows: int, columns: int, target: str
) -> None:
    outcome = pull(source)
    assert outcome.code == 0
    assert outcome.out.startswith(f"{rows} rows, {columns} columns from sample:")
    assert outcome.table.column_names[-1] == target
    assert outcome.table.num_rows == rows


def test_a_sample_keeps_the_digits_of_its_origin(pull: Pull) -> None:
    first = pull("sample:breast_cancer").table.to_pylist()[0]
    assert (first["mean radius"], first["worst fractal dimension"]) == ("17.99", "0.1189")
    assert first["diagnosis"] == "malignant"


def test_the_dataset_carries_its_origin_and_hash(pull: Pull, tmp_path: Path) -> None:
    source = tmp_path / "ein Ä.csv"
    source.write_bytes(CSV)
    digest = hashlib.sha256(CSV).hexdigest()
    outcome = pull(source, "--sha256", digest)
    assert outcome.out == f"2 rows, 2 columns from {source} (sha256 {digest})\n"
    assert outcome.table.schema.metadata == {
        b"pinion.source": str(source).encode(),
        b"pinion.sha256": digest.encode(),
    }


def test_equal_sources_give_equal_bytes(pull: Pull) -> None:
    first = (pull("sample:diabetes").folder / "dataset").read_bytes()
    assert (pull("sample:diabetes").folder / "dataset").read_bytes() == first


def test_a_dataset_is_replaced_by_the_next(pull: Pull, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(CSV)
    pull("sample:diabetes")
    assert pull(tmp_path / "t.csv").table.column("b").to_pylist() == ["x", "y"]


@pytest.mark.parametrize(
    ("source", "flags", "code", "words"),
    [
        pytest.param("missing.csv", [], 1, ["missing.csv: no such file"], id="a missing file"),
        pytest.param("/", [], 1, ["/: the folder ", "is not a partition"], id="a folder"),
        pytest.param("/dev/null", [], 1, ["/dev/null: not a file"], id="a device"),
        pytest.param("", [], 2, ["--source: '' is empty; give a path"], id="an empty source"),
        pytest.param("ftp://b/k", [], 2, ["unknown protocol ftp://"], id="an unknown protocol"),
        pytest.param(None, ["--sha256", "abc"], 2, ["'abc' is not 64 hexadecimal"], id="no hash"),
        pytest.param(None, ["--sha256", "f" * 64], 1, ["f" * 64, "af399a01"], id="a wrong hash"),
        pytest.param(
            None, ["--colour", "red"], 2, ["unrecognized arguments: --colour"], id="a flag"
        ),
        pytest.param(None, ["--dataset", ""], 2, ["--dataset: the path is empty"], id="no output"),
    ],
)
def test_a_bad_call_is_told_in_one_line(
    pull: Pull, source: str | None, flags: list[str], code: int, words: list[str]
) -> None:
    pull(source, *flags).assert_failed(*words, code=code)


@pytest.mark.usefixtures("_file_size_limit")
def test_a_write_that_fails_leaves_nothing_behind(pull: Pull) -> None:
    pull(None).assert_failed("--dataset", "cannot be written: File too large")


def test_an_output_below_a_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["--dataset", str(tmp_path / "file" / "dataset")]) == 1
    assert capsys.readouterr().err.startswith("pull_data: error: cannot write in the folder ")


def test_an_output_that_is_a_folder_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--dataset", str(tmp_path)]) == 1
    assert "is a folder" in capsys.readouterr().err


def test_help_names_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    out = capsys.readouterr().out
    assert [
        flag for flag in ("--source", "--skip-lines", "--header", "--dataset") if flag not in out
    ] == []
