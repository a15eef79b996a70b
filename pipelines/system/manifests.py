"""Hash what is in a file or a folder: equal manifests mean equal contents."""

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

# Relative path -> a hash, or that it is a folder. The path of the file or folder itself is empty.
Manifest = Mapping[str, str]

_FOLDER = "folder"


def manifest(path: Path) -> Manifest:
    """Return the manifest of a file, or of a folder and everything in it.

    Raise `ValueError` for a link, a pipe or a device, because it does not hold its own content.
    """
    within = {each.relative_to(path).as_posix(): _content(each) for each in path.rglob("*")}
    return dict(sorted({"": _content(path), **within}.items()))


def part(whole: Manifest, name: str) -> Manifest:
    """Return the manifest of one file or folder within a folder; empty if it does not exist."""
    return {
        path.removeprefix(name).removeprefix("/"): content
        for path, content in whole.items()
        if path == name or path.startswith(f"{name}/")
    }


def digest(value: Any) -> str:
    """Return one hash of a whole manifest, or of any other value that JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def copy_file(source: Path, target: Path) -> None:
    """Copy a file and its mode, sharing the bytes if the file system can."""
    with source.open("rb") as given, target.open("wb") as taken:
        try:
            while os.copy_file_range(given.fileno(), taken.fileno(), 2**30):
                pass
        except OSError:
            # Not every file system can, and not every pair of them.
            given.seek(0)
            taken.seek(0)
            shutil.copyfileobj(given, taken, 2**20)
    shutil.copymode(source, target)


def copy(source: Path, target: Path, file: Callable[[Path, Path], None] = copy_file) -> None:
    """Copy a folder, each of its files with `file`.

    Raise `OSError` for the first file that cannot be copied. `shutil.copytree` collects such errors
    in one that has no `errno`.
    """
    target.mkdir()
    for each in source.iterdir():
        if each.is_dir() and not each.is_symlink():
            copy(each, target / each.name, file)
        else:
            file(each, target / each.name)
    shutil.copymode(source, target)


def _content(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        return _FOLDER
    if not stat.S_ISREG(mode):
        raise ValueError(f"{path} is neither a file nor a folder")
    found = file_hash(path)
    return f"{found} program" if mode & stat.S_IXUSR else found


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
