"""What is in a file or a folder, by hash: equal manifests are equal contents."""

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

# Path within what it is of -> what is there: a hash, or a folder. Its own path is empty.
Manifest = Mapping[str, str]

_FOLDER = "folder"


def manifest(path: Path) -> Manifest:
    """Reads a file, or a folder with all in it.

    Raises `ValueError` for a link, a pipe or a device, whose content is not in it.
    """
    entries = {"": _content(path)}
    if entries[""] == _FOLDER:
        for each in _walk(path):
            entries[each.relative_to(path).as_posix()] = _content(each)
    return dict(sorted(entries.items()))


def part(whole: Manifest, name: str) -> Manifest:
    """The manifest of one file or folder in a folder; empty where it is not there."""
    found = {"": whole[name]} if name in whole else {}
    within = f"{name}/"
    return found | {
        path.removeprefix(within): content
        for path, content in whole.items()
        if path.startswith(within)
    }


def digest(whole: Manifest) -> str:
    """One hash of all of it."""
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def copy_file(source: Path, target: Path) -> None:
    """Copies one file and its mode; by reference, where the file system can share the bytes."""
    with source.open("rb") as given, target.open("wb") as taken:
        try:
            while os.copy_file_range(given.fileno(), taken.fileno(), 2**30):
                pass
        except OSError:
            # Not on every file system, and not between any two.
            given.seek(0)
            taken.seek(0)
            shutil.copyfileobj(given, taken, 2**20)
    shutil.copymode(source, target)


def copy(source: Path, target: Path, file: Callable[[Path, Path], None] = copy_file) -> None:
    """Copies a folder, each of its files by `file`.

    Raises `OSError` for the first that cannot be copied, of which shutil's own tells no number.
    """
    target.mkdir()
    for each in source.iterdir():
        if each.is_dir() and not each.is_symlink():
            copy(each, target / each.name, file)
        else:
            file(each, target / each.name)
    shutil.copymode(source, target)


def _walk(folder: Path) -> Iterator[Path]:
    for each in folder.iterdir():
        yield each
        if each.is_dir() and not each.is_symlink():
            yield from _walk(each)


def _content(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        return _FOLDER
    if not stat.S_ISREG(mode):
        raise ValueError(f"{path} is no file and no folder")
    found = file_hash(path)
    return f"{found} program" if mode & stat.S_IXUSR else found


def file_hash(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
