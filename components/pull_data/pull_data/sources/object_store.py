"""Download one object of a store, or the files of a folder of objects, range by range."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from fsspec.spec import AbstractBufferedFile

from pinion_step.errors import StepError
from pull_data.formats.folder import Part, check_is_parquet, check_unchanged, data_files
from pull_data.sources.disk_space import Room
from pull_data.sources.fetched import Fetched, File, Folder
from pull_data.sources.retry import REPLACED, Log, Patience, Result, TransientError, persist
from pull_data.sources.source import ObjectSource

# Each range is a request, tried again by itself; memory holds one.
RANGE_BYTES = 16 << 20
# What a store tells of an object, beside its bytes.
Details = dict[str, Any]


class Store(Protocol):
    """What differs from store to store."""

    # What its library raises, in which nothing of this machine's disk has a part.
    errors: tuple[type[Exception], ...]

    def open(self, source: ObjectSource) -> AbstractBufferedFile:
        """Open the object as it is now: a later read fails if it was replaced."""

    def list(self, source: ObjectSource) -> dict[str, Details]:
        """Return all objects in the folder, by bucket and key."""

    def refusal(self, error: Exception) -> str:
        """Return what no further try can mend, and what to do about it, or nothing."""

    def failure(self, error: Exception) -> str:
        """Return what another try may mend."""


def download_objects(
    source: ObjectSource,
    staging: Path,
    log: Log,
    patience: Patience | None = None,
    room: Room | None = None,
) -> Fetched:
    """Write an object, or the files of a folder of objects, into `staging`.

    Raises StepError when the store refuses, or still fails at the last try, or has more to give
    than there is room for.
    """
    patience = patience or Patience()
    room = room or Room.beside(source.name, staging / "download")
    transfer = _Transfer(_store(source.scheme, patience), patience, log)
    if not source.names_folder:
        remote = transfer.open(source)
        if remote.details["type"] == "file":
            return transfer.file(source, remote, staging / "download", room)
    return transfer.folder(source, staging, room)


@dataclass(frozen=True)
class _Transfer:
    """Requests of a store, each of which is tried again by itself."""

    store: Store
    patience: Patience
    log: Log

    def file(
        self, source: ObjectSource, remote: AbstractBufferedFile, target: Path, room: Room
    ) -> File:
        room.hold(remote.size)
        sha256 = self.write(source, remote, target)
        # Not every store that speaks the language of these two keeps to the condition of a read.
        if _state(self.open(source).details) != _state(remote.details):
            raise StepError(f"{source.name}: {REPLACED}")
        return File(source.name, target, sha256)

    def folder(self, source: ObjectSource, staging: Path, room: Room) -> Folder:
        before = self.list(source)
        files = data_files(before, source.name)
        room.hold(sum(int(before[path]["size"]) for path in files))
        parts = []
        for number, path in enumerate(files):
            target, part = staging / f"download-{number}", source.part(path)
            remote = self.open(part, gone=REPLACED)
            if _state(remote.details) != _state(before[path]):
                raise StepError(f"{part.name}: {REPLACED}")
            parts.append(Part(path, target, self.write(part, remote, target)))
            check_is_parquet(target, path, source.name)
        now = self.list(source)
        check_unchanged(
            _states(before, files), _states(now, data_files(now, source.name)), source.name
        )
        return Folder(source.name, tuple(parts))

    def write(self, source: ObjectSource, remote: AbstractBufferedFile, target: Path) -> str:
        """Write an object to `target` and return its SHA-256."""
        sha256 = hashlib.sha256()
        with target.open("wb") as file:
            while file.tell() < remote.size:
                read = partial(_read, self.store, source, remote, file.tell())
                chunk = self._persist(read, source)
                sha256.update(chunk)
                file.write(chunk)
        return sha256.hexdigest()

    def open(self, source: ObjectSource, gone: str = "") -> AbstractBufferedFile:
        return self._persist(partial(_open, self.store, source, gone), source)

    def list(self, source: ObjectSource) -> dict[str, Details]:
        return self._persist(partial(_list, self.store, source), source)

    def _persist(self, attempt: Callable[[], Result], source: ObjectSource) -> Result:
        return persist(attempt, source.name, self.patience, self.log)


def _store(scheme: str, patience: Patience) -> Store:
    # They tell of each failure, and asyncio of tasks that a stop leaves behind; we do in one line.
    for library in ("aiobotocore", "asyncio", "botocore", "gcsfs", "google"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    # Not above: each of these libraries takes most of a second.
    if scheme == "s3":
        from pull_data.sources.s3 import S3

        return S3(patience)
    from pull_data.sources.google_storage import GoogleStorage

    return GoogleStorage(patience)


def _open(store: Store, source: ObjectSource, gone: str) -> AbstractBufferedFile:
    """Open an object; `gone` is what to say of one that is not there, if it was."""
    try:
        return store.open(source)
    except store.errors as error:
        if gone and isinstance(error, FileNotFoundError):
            raise StepError(f"{source.name}: {gone}") from None
        raise _plain(store, source, error) from None


def _list(store: Store, source: ObjectSource) -> dict[str, Details]:
    """Return what the store tells of each object in a folder, by its path there."""
    start = f"{source.bucket}/{source.prefix}"
    try:
        found = store.list(source)
    except store.errors as error:
        raise _plain(store, source, error) from None
    return {
        name.removeprefix(start): each for name, each in found.items() if name.startswith(start)
    }


def _read(store: Store, source: ObjectSource, remote: AbstractBufferedFile, start: int) -> bytes:
    try:
        remote.seek(start)
        chunk: bytes = remote.read(RANGE_BYTES)
    except FileNotFoundError:
        raise StepError(f"{source.name}: {REPLACED}") from None
    except store.errors as error:
        raise _plain(store, source, error) from None
    if len(chunk) != min(RANGE_BYTES, remote.size - start):
        raise TransientError("the transfer broke off before its end")
    return chunk


def _plain(store: Store, source: ObjectSource, error: Exception) -> Exception:
    refusal = store.refusal(error)
    if refusal:
        return StepError(f"{source.name}: {refusal}")
    return TransientError(store.failure(error))


def _state(details: Details) -> tuple[object, ...]:
    return tuple(details.get(key) for key in ("size", "ETag", "generation"))


def _states(found: Mapping[str, Details], files: Iterable[str]) -> dict[str, object]:
    return {path: _state(found[path]) for path in files}
