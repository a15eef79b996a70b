"""Read the objects of a store, range by range. Its library is imported when it is called."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, Any, Protocol

from pinion_step.errors import StepError
from pinion_step.sources.folder import data_files
from pinion_step.sources.source import ObjectSource
from pinion_step.sources.transfer import REPLACED, Log, Patience, Result, Server, persist
from pinion_step.sources.version import of_folder, of_object

if TYPE_CHECKING:
    from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

# Each range is a request, tried again by itself; memory holds one.
RANGE_BYTES = 16 << 20
# What a store says about an object, besides its bytes.
Details = dict[str, Any]


class Store(Server, Protocol):
    """What differs from store to store."""

    @property
    def filesystem(self) -> "AbstractFileSystem":
        """Return the store as fsspec's file system, in which a path is bucket and key."""

    def open(self, source: ObjectSource) -> "AbstractBufferedFile":
        """Open the object as it is now: a later read fails if it was replaced."""


@dataclass(frozen=True)
class Objects:
    """Requests of a store, each of which is tried again by itself.

    All raise `StepError` if the store refuses, or still fails at the last try.
    """

    store: Store
    patience: Patience
    log: Log

    def open(self, source: ObjectSource, gone: str = "") -> "AbstractBufferedFile":
        """Open an object; `gone` is what to say of one that is not there, if it was."""
        return self._persist(partial(self.store.open, source), source, gone)

    def find(self, source: ObjectSource) -> "AbstractBufferedFile | None":
        """Open the object of that name; None if the name is that of a folder."""
        if source.names_folder:
            return None
        remote = self.open(source)
        return remote if remote.details["type"] == "file" else None

    def list(self, source: ObjectSource) -> dict[str, Details]:
        """Return the details of each file of a folder, by its path there."""
        start = f"{source.bucket}/{source.prefix}"
        # The file system is made within, as that may ask a server for credentials.
        found = self._persist(lambda: self.store.filesystem.find(start, detail=True), source)
        paths = [name.removeprefix(start) for name in found if name.startswith(start)]
        return {path: found[start + path] for path in data_files(paths, source.name)}

    def write(self, source: ObjectSource, remote: "AbstractBufferedFile", file: IO[bytes]) -> None:
        """Write the bytes of an object, as it was opened, to a file."""
        done = 0
        while done < remote.size:
            read = partial(_read, remote, done)
            done += file.write(self._persist(read, source, gone=REPLACED))

    def check_unchanged(self, source: ObjectSource, remote: "AbstractBufferedFile") -> None:
        """Raise `StepError` if an object was replaced since it was opened."""
        # Not every store that speaks the language of these two keeps to the condition of a read.
        if state(self.open(source).details) != state(remote.details):
            raise StepError(f"{source.name}: {REPLACED}")

    def _persist(
        self, attempt: Callable[[], Result], source: ObjectSource, gone: str = ""
    ) -> Result:
        return persist(attempt, self.store, source.name, self.patience, self.log, gone)


def connect(source: ObjectSource, log: Log, patience: Patience | None = None) -> Objects:
    """Return the store of an object."""
    patience = patience or Patience()
    return Objects(_store(source.scheme, patience), patience, log)


def _store(scheme: str, patience: Patience) -> Store:
    # They log each failure, and asyncio the tasks that a stop leaves behind; we write one line.
    for library in ("aiobotocore", "asyncio", "botocore", "gcsfs", "google"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    # Not above: each of these libraries takes most of a second.
    if scheme == "s3":
        from pinion_step.sources.s3 import S3

        return S3(patience)
    from pinion_step.sources.google_storage import GoogleStorage

    return GoogleStorage(patience)


def state(details: Details) -> tuple[object, ...]:
    """Return what a write to an object changes."""
    return tuple(details.get(key) for key in ("size", "ETag", "generation"))


def folder_version(found: Mapping[str, Details]) -> str:
    """Return the version of a folder, whose objects were listed."""
    return of_folder({path: of_object(details) for path, details in found.items()})


def _read(remote: "AbstractBufferedFile", start: int) -> bytes:
    from aiohttp import ClientPayloadError

    remote.seek(start)
    chunk: bytes = remote.read(RANGE_BYTES)
    if len(chunk) != min(RANGE_BYTES, remote.size - start):
        raise ClientPayloadError
    return chunk
