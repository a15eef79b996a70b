"""Download one object of a store, or the files of a folder of objects, range by range."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import aiohttp
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

from pinion_step.errors import StepError
from pull_data.formats.folder import check_is_parquet, check_unchanged, data_files, hashed
from pull_data.formats.table import Log
from pull_data.sources.fetched import Fetched
from pull_data.sources.source import ObjectSource
from pull_data.sources.transfer import (
    REPLACED,
    Patience,
    Result,
    Room,
    Server,
    persist,
)

# Each range is a request, tried again by itself; memory holds one.
RANGE_BYTES = 16 << 20
# What a store says about an object, besides its bytes.
Details = dict[str, Any]


class Store(Server, Protocol):
    """What differs from store to store."""

    @property
    def filesystem(self) -> AbstractFileSystem:
        """Return the store as fsspec's file system, in which a path is bucket and key."""

    def open(self, source: ObjectSource) -> AbstractBufferedFile:
        """Open the object as it is now: a later read fails if it was replaced."""


def download_objects(
    source: ObjectSource,
    staging: Path,
    log: Log,
    patience: Patience | None = None,
    room: Room | None = None,
) -> Fetched:
    """Write an object, or the files of a folder of objects, into `staging`.

    Raises `StepError` if the store refuses, or still fails at the last try, or has more to give
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
    ) -> Fetched:
        room.hold(remote.size)
        self.write(source, remote, target)
        # Not every store that speaks the language of these two keeps to the condition of a read.
        if _state(self.open(source).details) != _state(remote.details):
            raise StepError(f"{source.name}: {REPLACED}")
        return Fetched(source.name, (hashed("", target, source.name),))

    def folder(self, source: ObjectSource, staging: Path, room: Room) -> Fetched:
        before = self.list(source)
        room.hold(sum(int(details["size"]) for details in before.values()))
        parts = []
        for number, (path, details) in enumerate(before.items()):
            target, part = staging / f"download-{number}", source.part(path)
            remote = self.open(part, gone=REPLACED)
            if _state(remote.details) != _state(details):
                raise StepError(f"{part.name}: {REPLACED}")
            self.write(part, remote, target)
            parts.append(hashed(path, target, source.name))
            check_is_parquet(target, path, source.name)
        check_unchanged(_states(before), _states(self.list(source)), source.name)
        return Fetched(source.name, tuple(parts))

    def open(self, source: ObjectSource, gone: str = "") -> AbstractBufferedFile:
        """Open an object; `gone` is what to say of one that is not there, if it was."""
        return self._persist(partial(self.store.open, source), source, gone)

    def list(self, source: ObjectSource) -> dict[str, Details]:
        """Return the details of each file of a folder, by its path there."""
        start = f"{source.bucket}/{source.prefix}"
        # The file system is made within, as that may ask a server for credentials.
        found = self._persist(lambda: self.store.filesystem.find(start, detail=True), source)
        paths = [name.removeprefix(start) for name in found if name.startswith(start)]
        return {path: found[start + path] for path in data_files(paths, source.name)}

    def write(self, source: ObjectSource, remote: AbstractBufferedFile, target: Path) -> None:
        """Write an object to `target`."""
        with target.open("wb") as file:
            while file.tell() < remote.size:
                read = partial(_read, remote, file.tell())
                file.write(self._persist(read, source, gone=REPLACED))

    def _persist(
        self, attempt: Callable[[], Result], source: ObjectSource, gone: str = ""
    ) -> Result:
        return persist(attempt, self.store, source.name, self.patience, self.log, gone)


def _store(scheme: str, patience: Patience) -> Store:
    # They log each failure, and asyncio the tasks that a stop leaves behind; we write one line.
    for library in ("aiobotocore", "asyncio", "botocore", "gcsfs", "google"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    # Not above: each of these libraries takes most of a second.
    if scheme == "s3":
        from pull_data.sources.s3 import S3

        return S3(patience)
    from pull_data.sources.google_storage import GoogleStorage

    return GoogleStorage(patience)


def _read(remote: AbstractBufferedFile, start: int) -> bytes:
    remote.seek(start)
    chunk: bytes = remote.read(RANGE_BYTES)
    if len(chunk) != min(RANGE_BYTES, remote.size - start):
        raise aiohttp.ClientPayloadError
    return chunk


def _state(details: Details) -> tuple[object, ...]:
    return tuple(details.get(key) for key in ("size", "ETag", "generation"))


def _states(found: Mapping[str, Details]) -> dict[str, object]:
    return {path: _state(details) for path, details in found.items()}
