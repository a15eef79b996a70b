"""A folder of Parquet files as Spark, Dask and pandas write it: its columns, and its hash."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from pinion_step.errors import StepError
from pinion_step.lineage import sha256
from pinion_step.sources.folder import path_of, readable
from pull_data.formats.detection import Format, detect_format

# How Hive, and every tool that follows it, spells a missing value.
_MISSING = ("", "__HIVE_DEFAULT_PARTITION__")


@dataclass(frozen=True)
class Part:
    """One file of a folder: its path there, and where its bytes are on this machine."""

    path: str
    file: Path
    sha256: str


def partition(path: str, name: str) -> dict[str, str | None]:
    """Return the columns that the folders of a path stand for, as text; None is a missing value.

    Raises `StepError` if a name is not text, or if two folders stand for one column.
    """
    columns: dict[str, str | None] = {}
    for folder in path.split("/")[:-1]:
        try:
            column, _, value = (unquote(text, errors="strict") for text in folder.partition("="))
            f"{column}{value}".encode()
        except UnicodeError:
            raise StepError(
                f"{name}: the folder name {folder!r} is not UTF-8 text; rename it"
            ) from None
        if column in columns:
            raise StepError(
                f"{name}: two folders in {path} stand for the column {column!r}; rename one"
            )
        columns[column] = None if value in _MISSING else value
    return columns


def folder_sha256(parts: Iterable[Part]) -> str:
    """Return the hash of what `sha256sum` prints of the files, in hexadecimal."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"%s  %s\n" % (part.sha256.encode(), os.fsencode(part.path)))
    return digest.hexdigest()


def hashed(path: str, file: Path, name: str) -> Part:
    """Return a file with its hash."""
    with readable(path_of(path, name)):
        return Part(path, file, sha256(file))


def check_is_parquet(file: Path, path: str, name: str) -> None:
    """Raise `StepError` unless a file of a folder is a Parquet file, by its first bytes."""
    where = path_of(path, name)
    with readable(where):
        found = detect_format(file, where)
    if found is not Format.PARQUET:
        raise StepError(
            f"{where}: not a Parquet file; give a single file, or a folder that holds only Parquet"
            " files"
        )
