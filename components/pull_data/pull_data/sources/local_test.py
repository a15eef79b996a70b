"""Files of this machine: what cannot be read, and what changes meanwhile."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pinion_step.errors import StepError
from pinion_step.sources.local import look
from pinion_step.sources.source import LocalSource
from pull_data.conftest import Pull
from pull_data.step import pull as pull_source

INDEXED = pa.table({"n": range(9), "__index_level_0__": range(9)}).replace_schema_metadata(
    {"pandas": json.dumps({"index_columns": ["__index_level_0__"]})}
)


Change = Callable[[Path], object]


def told(change: Change, path: Path) -> Callable[[str], None]:
    """Return a log that changes the file between hash and rows: when it reads of the index."""

    def log(message: str) -> None:
        assert "left out the pandas index" in message
        change(path)

    return log


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "t"
    folder.mkdir()
    for name in ("a", "b"):
        pq.write_table(INDEXED, folder / name)
    return folder


def damage(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:40])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(
            lambda folder: pq.write_table(INDEXED, folder / "c"),
            "t/c: this file appeared",
            id="new",
        ),
        pytest.param(
            lambda folder: (folder / "b").unlink(), "t/b: this file was deleted", id="gone"
        ),
        pytest.param(lambda folder: os.utime(folder / "b"), "t/b: this file changed", id="touched"),
        pytest.param(
            lambda folder: damage(folder / "b"), "t/b: this file changed", id="half written"
        ),
        pytest.param(
            lambda folder: (folder / "_temporary").mkdir(), "t: a write into this", id="a write"
        ),
        pytest.param(
            lambda folder: folder.rename(folder.with_name("x")), "t/a: this file was", id="all gone"
        ),
    ],
)
def test_a_folder_that_changes_while_it_is_read_is_no_mixture(
    folder: Path, tmp_path: Path, change: Change, words: str
) -> None:
    with pytest.raises(StepError, match=f"^{words}"):
        pull_source(LocalSource("t", folder), "", tmp_path / "d", told(change, folder))
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("change", [os.utime, damage, Path.unlink])
def test_a_file_that_changes_while_it_is_read_is_no_mixture(
    folder: Path, tmp_path: Path, change: Change
) -> None:
    file = folder / "a"
    with pytest.raises(StepError, match="^t: the file changed while it was read; try again$"):
        pull_source(LocalSource("t", file), "", tmp_path / "d", told(change, file))
    assert not (tmp_path / "d").exists()


def test_the_version_of_a_file_and_of_a_folder_is_held(pull: Pull, folder: Path) -> None:
    for changed_ns, path in ((2, folder / "b"), (3, folder)):
        version = look(path, "t").version
        outcome = pull(path, "--source-version", version)
        assert outcome.code == 0
        (outcome.folder / "dataset").unlink()
        os.utime(folder / "b", ns=(1, changed_ns))
        pull(path, "--source-version", version).assert_failed(
            f"{path}: the version is {look(path, 't').version}, but --source-version is {version};"
        )


def test_a_link_to_a_file_is_the_file(pull: Pull, folder: Path, tmp_path: Path) -> None:
    (folder / "b").rename(tmp_path / "elsewhere")
    (folder / "b").symlink_to(tmp_path / "elsewhere")
    assert pull(folder).table.num_rows == 18


def test_what_can_be_no_file_of_a_folder_is_told(pull: Pull, folder: Path) -> None:
    (folder / "c").symlink_to("nowhere")
    pull(folder).assert_failed("t: cannot be read: ", "t/c: No such file or directory")
    (folder / "c").unlink()
    os.mkfifo(folder / "c")
    pull(folder).assert_failed("t/c: not a file; give a table, or a folder of Parquet files")
    (folder / "c").unlink()
    # A file that opens, and whose first byte nobody may read.
    (folder / "c").symlink_to("/proc/self/mem")
    pull(folder).assert_failed("t/c: cannot be read: Input/output error")
    (folder / "c").unlink()
    (folder / "k=1").symlink_to(folder)
    pull(folder).assert_failed("t/k=1: this is a link to a folder, which may lead back to itself")


PEAKS = """
import sys, tracemalloc
import pyarrow
from pull_data.__main__ import main, warm

warm()
tracemalloc.start()
for folder in sys.argv[1:]:
    assert main(["--source", folder, "--dataset", folder + "-pulled"]) == 0
    print(tracemalloc.get_traced_memory()[1] + pyarrow.default_memory_pool().max_memory())
"""
FILE_ROWS = 20_000
# A row is 3 texts, 60 bytes in Arrow. What grows a little is what is known of the files.
MOST_BYTES_A_ROW = 6


def test_memory_does_not_grow_with_a_folder(tmp_path: Path) -> None:
    text = pa.array([f"{n * 7919:016}" for n in range(FILE_ROWS)])
    table = pa.table({f"x{column}": text for column in range(3)})
    few, many = 16, 40
    for files in (few, many):
        (tmp_path / str(files)).mkdir()
        for number in range(files):
            pq.write_table(table, tmp_path / str(files) / f"part-{number}", use_dictionary=False)
    done = subprocess.run(
        [sys.executable, "-c", PEAKS, str(tmp_path / str(few)), str(tmp_path / str(many))],
        env={"PYTHONPATH": ":".join(sys.path)},
        check=True,
        capture_output=True,
        text=True,
    )
    peaks = [int(line) for line in done.stdout.splitlines() if line.isdigit()]
    assert len(peaks) == 2
    assert peaks[1] - peaks[0] < MOST_BYTES_A_ROW * (many - few) * FILE_ROWS
