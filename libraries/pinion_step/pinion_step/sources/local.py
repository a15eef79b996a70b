"""Files and folders of this machine, as they are at one moment."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pinion_step.errors import StepError
from pinion_step.sources.folder import check_unchanged, data_files, is_partition, path_of, readable
from pinion_step.sources.version import of_file, of_folder


@dataclass(frozen=True)
class FileState:
    """What a write to a file changes."""

    inode: int
    size: int
    changed_ns: int


@dataclass(frozen=True)
class LocalState:
    """The states of the files of a source, by their paths in it; a file's own path is empty."""

    name: str
    path: Path
    files: dict[str, FileState]

    @property
    def version(self) -> str:
        """The version of the source."""
        each = {path: of_file(state.size, state.changed_ns) for path, state in self.files.items()}
        return each[""] if "" in each else of_folder(each)

    def check_unchanged(self) -> None:
        """Raise `StepError` if the source is not in this state any more."""
        try:
            now = _look(self.path, self.name)
        except OSError:
            now = {}
        if now != self.files and "" in self.files:
            raise StepError(f"{self.name}: the file changed while it was read; try again")
        check_unchanged(self.files, now, self.name)


def look(path: Path, name: str) -> LocalState:
    """Return the state of what is at a path; `name` stands for it in messages.

    Raises `StepError` if there is nothing to read.
    """
    with readable(name):
        try:
            return LocalState(name, path, _look(path, name))
        except FileNotFoundError:
            if path.exists():
                raise
    hint = "" if path.is_absolute() else f" in {Path.cwd()}"
    raise StepError(f"{name}: no such file{hint}; check --source")


def _look(path: Path, name: str) -> dict[str, FileState]:
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


def _state(file: Path, name: str) -> FileState:
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise StepError(f"{name}: not a file; give a table, or a folder of Parquet files")
    return FileState(status.st_ino, status.st_size, status.st_mtime_ns)
