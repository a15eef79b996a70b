"""Find broken files in an environment: a power cut truncates files or fills them with zeros."""

import base64
import csv
import hashlib
import json
import marshal
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_PYC_HEADER = 16


@dataclass(frozen=True)
class Damage:
    """Files of an environment that differ from what was installed, each with what is wrong."""

    files: Mapping[str, str]
    # The distributions that the files belong to, if that can be found out.
    distributions: tuple[str, ...]

    def __str__(self) -> str:
        (name, wrong), *more = self.files.items()
        return f"{name} {wrong}" + (f", and {len(more)} more" if more else "")


def record_sizes(folder: Path, manifest: str) -> None:
    """Write the size of every file of a folder to the file `manifest` in it."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    sizes = {str(path.relative_to(folder)): path.stat().st_size for path in files}
    (folder / manifest).write_text(json.dumps(sizes))


def find_damage(folder: Path, manifest: str, content: bool) -> Damage | None:
    """Return what is broken in an environment, or None.

    Checking sizes and bytecode takes less than a second; `content` compares every byte, which takes
    a few seconds.
    """
    try:
        sizes: dict[str, int] = json.loads((folder / manifest).read_text())
    except (OSError, ValueError):
        return Damage({manifest: "cannot be read"}, ())
    found = folder.glob("lib/python*/site-packages/*.dist-info/RECORD")
    records = {record: dict(_hashes(folder, record)) for record in found}
    recorded = records.values() if content else ()
    files = {
        **{path: why for hashes in recorded for path, why in _wrong_bytes(folder, hashes)},
        **dict(_wrong_sizes(folder, sizes)),
        **dict(_wrong_bytecode(folder)),
    }
    if not files:
        return None
    owners = (
        record.parent.name.partition("-")[0]
        for record, hashes in records.items()
        if not files.keys().isdisjoint({*hashes, str(record.relative_to(folder))})
    )
    return Damage(dict(sorted(files.items())), tuple(sorted(owners)))


def _wrong_sizes(folder: Path, sizes: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    for path, size in sizes.items():
        try:
            found = (folder / path).stat().st_size
        except OSError:
            yield path, "is missing"
        else:
            if found != size:
                yield path, f"has {found} of {size} bytes"


def _wrong_bytecode(folder: Path) -> Iterator[tuple[str, str]]:
    """Check the bytecode, which Python writes on first use, so that no record lists it."""
    for path in folder.rglob(f"*.{sys.implementation.cache_tag}.pyc"):
        try:
            # Our own Python wrote it, and would load it the same way.
            marshal.loads(path.read_bytes()[_PYC_HEADER:])  # noqa: S302
        except (EOFError, ValueError, TypeError):
            yield str(path.relative_to(folder)), "is not bytecode"


def _hashes(folder: Path, record: Path) -> Iterator[tuple[str, str]]:
    """Yield each file that an installer recorded, relative to the folder, with its hash."""
    try:
        with record.open(newline="") as lines:
            for name, digest, *_ in csv.reader(lines):
                yield os.path.relpath(record.parent.parent / name, folder), digest
    except (OSError, ValueError, csv.Error):
        # A broken record is found by its own size.
        return


def _wrong_bytes(folder: Path, hashes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for path, recorded in hashes.items():
        if not recorded.startswith("sha256=") or not (folder / path).is_file():
            continue
        with (folder / path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != recorded[len("sha256=") :]:
            yield path, "differs from the file that was installed"
