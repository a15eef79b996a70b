import os
from pathlib import Path

import pytest

from pinion_step.errors import StepError
from pinion_step.sources.local import look


def touch(file: Path, changed_ns: int) -> None:
    os.utime(file, ns=(1, changed_ns))


def test_the_version_of_a_file_is_its_time_and_size(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(b"a,b\n1,2\n")
    touch(file, 1_764_518_400_123_456_789)
    assert look(file, "t.csv").version == "mtime:1764518400123456789,8"


def test_the_version_of_a_folder_is_that_of_the_files_that_count(tmp_path: Path) -> None:
    (tmp_path / "country=DE").mkdir()
    files = [tmp_path / "part-0", tmp_path / "country=DE" / "part-1"]
    for number, file in enumerate(files):
        file.write_bytes(b"PAR1" * (number + 1))
        touch(file, 100 + number)
    before = look(tmp_path, "t").version
    assert before.startswith("files:")
    (tmp_path / "_SUCCESS").touch()
    assert look(tmp_path, "t").version == before
    touch(files[1], 200)
    assert look(tmp_path, "t").version != before
    touch(files[1], 101)
    assert look(tmp_path, "t").version == before


def test_what_is_not_there_has_no_version(tmp_path: Path) -> None:
    with pytest.raises(StepError, match=r"^t\.csv: no such file; check --source$"):
        look(tmp_path / "t.csv", "t.csv")
