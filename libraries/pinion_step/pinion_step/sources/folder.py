"""A folder of Parquet files as Spark, Dask and pandas write it: which of its files count."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from pinion_step.errors import StepError, reason

_PARTITION = re.compile(r"[^=]+=.*", re.DOTALL)
# Checksums, and the objects that mark a folder of Hadoop in a store without folders.
_NO_ROWS = (".crc", "_$folder$")
# Files that lie beside these may not be part of the table.
_NOT_PLAIN = {
    "_delta_log": "this is a Delta Lake table, which may hold outdated files; export it as Parquet",
    ".hoodie": "this is a Hudi table, which may hold outdated files; export it as Parquet",
    "_temporary": "a write into this folder has not finished (it holds _temporary); wait for it, or"
    " remove _temporary",
}


def data_files(paths: Iterable[str], name: str) -> list[str]:
    """Return those of the paths below a folder that are files of the table, in the table's order.

    That is the order of their bytes. A path that ends in a slash is a folder that was not looked
    into. Raises `StepError` if there is no such file, or a folder that is not a partition.
    """
    ordered = sorted(paths, key=os.fsencode)
    found = [path for path in ordered if _holds_rows(path, name)]
    if not found:
        raise StepError(f"{name}: there are no Parquet files in this folder; check --source")
    return found


def is_partition(folder: str) -> bool:
    """Return whether a folder's name is a column and its value."""
    return _PARTITION.fullmatch(folder) is not None and not folder.startswith(".")


def path_of(path: str, name: str) -> str:
    """Return how messages name a path in the folder `name`; an empty path is the source itself."""
    return f"{name.rstrip('/')}/{path}" if path else name


@contextmanager
def readable(where: str) -> Iterator[None]:
    """Raise `StepError` if the operating system refuses to read."""
    try:
        yield
    except OSError as error:
        raise StepError(f"{where}: cannot be read: {reason(error)}") from None


def check_unchanged(before: Mapping[str, object], now: Mapping[str, object], name: str) -> None:
    """Raise `StepError` if files appeared, vanished or changed between two looks at a folder."""
    for path in sorted(before.keys() | now.keys(), key=os.fsencode):
        if before.get(path) != now.get(path):
            happened = "was deleted" if path not in now else "changed"
            raise StepError(
                f"{path_of(path, name)}: this file {happened if path in before else 'appeared'}"
                " while the folder was read; try again"
            )


def _holds_rows(path: str, name: str) -> bool:
    *folders, file = path.split("/")
    for folder in folders:
        if folder in _NOT_PLAIN:
            raise StepError(f"{name}: {_NOT_PLAIN[folder]}")
        if _is_left_out(folder):
            return False
        if not is_partition(folder):
            raise StepError(
                f"{name}: the folder {folder!r} in it is not a partition (COLUMN=VALUE); give"
                " the folder that holds the Parquet files"
            )
    if "\n" in path:
        raise StepError(f"{name}: the file name {path!r} contains a line break; rename it")
    return bool(file) and not _is_left_out(file)


def _is_left_out(name: str) -> bool:
    # As Spark has it: the name of a column may start with an underscore.
    hidden = name.startswith(".") or name.startswith("_") and "=" not in name
    return hidden or name.endswith(_NO_ROWS)
