"""A file or a folder of this machine, which is read in place."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pinion_step.errors import StepError, reason
from pull_data.formats.folder import (
    Part,
    check_is_parquet,
    check_unchanged,
    data_files,
    is_partition,
    path_of,
)
from pull_data.sources.fetched import Fetched, File, Folder

# The inode, the size and the time of the last change of a file, by its path in the folder.
_State = dict[str, tuple[int, int, int]]


@contextmanager
def read_in_place(path: Path, name: str) -> Iterator[Fetched]:
    """Give what is at a path, hashed; `name` stands for it in messages.

    Raises StepError where it cannot be read, and where it was not the same all the while.
    """
    before = _first_look(path, name)
    try:
        yield _folder(path, before, name) if path.is_dir() else _file(path, name)
    except StepError:
        # What was rewritten meanwhile may look damaged.
        _check_unchanged(path, before, name)
        raise
    _check_unchanged(path, before, name)


def _file(path: Path, name: str) -> File:
    return File(name, path, _sha256(path, name))


def _folder(path: Path, files: _State, name: str) -> Folder:
    # All before any is hashed, which may take long.
    for each in files:
        check_is_parquet(path / each, each, name)
    parts = (Part(each, path / each, _sha256(path / each, path_of(each, name))) for each in files)
    return Folder(name, tuple(parts))


def _sha256(file: Path, name: str) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise StepError(f"{name}: cannot be read: {reason(error)}") from None


def _first_look(path: Path, name: str) -> _State:
    try:
        return _look(path, name)
    except FileNotFoundError as error:
        if path.exists():
            raise StepError(f"{name}: cannot be read: {reason(error)}") from None
        hint = "" if path.is_absolute() else f" in {Path.cwd()}"
        raise StepError(f"{name}: no such file{hint}; check --source") from None
    except OSError as error:
        raise StepError(f"{name}: cannot be read: {reason(error)}") from None


def _check_unchanged(path: Path, before: _State, name: str) -> None:
    try:
        now = _look(path, name)
    except OSError:
        now = {}
    if now != before and "" in before:
        raise StepError(f"{name}: the file changed while it was read; try again")
    check_unchanged(before, now, name)


def _look(path: Path, name: str) -> _State:
    if not path.is_dir():
        return {"": _state(path, name)}
    files = data_files(_paths(path, name), name)
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
                    f"{path_of(path, name)}: a link to a folder, which may lead in a circle; put"
                    " the folder itself there"
                )
            else:
                yield from _paths(folder, name, f"{path}/")


def _state(file: Path, name: str) -> tuple[int, int, int]:
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise StepError(f"{name}: not a file; give a table, or a folder of Parquet files")
    return status.st_ino, status.st_size, status.st_mtime_ns
