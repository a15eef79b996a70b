"""A file or a folder of this machine, which is read in place."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pinion_step.errors import StepError
from pull_data.formats.folder import (
    check_is_parquet,
    check_unchanged,
    data_files,
    hashed,
    is_partition,
    path_of,
    readable,
)
from pull_data.sources.fetched import Fetched

# The inode, the size and the time of the last change of a file, by its path in the folder.
_State = dict[str, tuple[int, int, int]]


@contextmanager
def read_in_place(path: Path, name: str) -> Iterator[Fetched]:
    """Give what is at a path, hashed; `name` stands for it in messages.

    Raises `StepError` if it cannot be read, or if it changes meanwhile.
    """
    before = _first_look(path, name)
    try:
        if path.is_dir():
            # All before any is hashed, which may take long.
            for each in before:
                check_is_parquet(path / each, each, name)
        yield Fetched(name, tuple(hashed(each, path / each, name) for each in before))
    except StepError:
        # What was rewritten meanwhile may look damaged.
        _check_unchanged(path, before, name)
        raise
    _check_unchanged(path, before, name)


def _first_look(path: Path, name: str) -> _State:
    with readable(name):
        try:
            return _look(path, name)
        except FileNotFoundError:
            if path.exists():
                raise
    hint = "" if path.is_absolute() else f" in {Path.cwd()}"
    raise StepError(f"{name}: no such file{hint}; check --source")


def _check_unchanged(path: Path, before: _State, name: str) -> None:
    try:
        now = _look(path, name)
    except OSError:
        now = {}
    if now != before and "" in before:
        raise StepError(f"{name}: the file changed while it was read; try again")
    check_unchanged(before, now, name)


def _look(path: Path, name: str) -> _State:
    files = data_files(_paths(path, name), name) if path.is_dir() else [""]
    return {each: _state(path / each, path_of(each, name)) for each in files}


def _paths(folder: Path, name: str, above: str = "") -> Iterator[str]:
    """Yield the paths below a folder; of one that is not a partition only its own."""
    with os.scandir(folder / above) as entries:
        for entry in entries:
            path = above + entry.name
            if not entry.is_dir():
                yield path
            elif not is_partition(entry.name):
                yield f"{path}/"
            elif entry.is_symlink():
                raise StepError(
                    f"{path_of(path, name)}: this is a link to a folder, which may lead back to"
                    " itself; put the folder itself there"
                )
            else:
                yield from _paths(folder, name, f"{path}/")


def _state(file: Path, name: str) -> tuple[int, int, int]:
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise StepError(f"{name}: not a file; give a table, or a folder of Parquet files")
    return status.st_ino, status.st_size, status.st_mtime_ns
