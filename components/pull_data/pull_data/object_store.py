"""Download one object of a store, range by range."""

import hashlib
import logging
from functools import partial
from pathlib import Path
from typing import Protocol

from fsspec.spec import AbstractBufferedFile

from pull_data.errors import PullDataError
from pull_data.retry import REPLACED, Log, Patience, TransientError, persist
from pull_data.room import Room
from pull_data.source import ObjectSource

# Each range is a request, tried again by itself; memory holds one.
RANGE_BYTES = 16 << 20


class Store(Protocol):
    """What differs from store to store."""

    # What its library raises, in which nothing of this machine's disk has a part.
    errors: tuple[type[Exception], ...]

    def open(self, source: ObjectSource) -> AbstractBufferedFile:
        """Open the object as it is now: a later read fails if it was replaced."""

    def refusal(self, error: Exception) -> str:
        """Return what no further try can mend, and what to do about it, or nothing."""

    def failure(self, error: Exception) -> str:
        """Return what another try may mend."""


def download_object(
    source: ObjectSource,
    target: Path,
    log: Log,
    patience: Patience | None = None,
    room: Room | None = None,
) -> str:
    """Write an object to `target` and return its SHA-256 in hexadecimal.

    Raises PullDataError when the store refuses, or still fails at the last try, or has more to give
    than there is room for.
    """
    patience = patience or Patience()
    store = _store(source.scheme, patience)
    remote = persist(partial(_open, store, source), source.name, patience, log)
    sha256 = hashlib.sha256()
    with target.open("wb") as file:
        (room or Room.beside(source.name, target)).hold(remote.size)
        while file.tell() < remote.size:
            read = partial(_read, store, source, remote, file.tell())
            chunk = persist(read, source.name, patience, log)
            sha256.update(chunk)
            file.write(chunk)
    # Not every store that speaks the language of these two keeps to the condition of a read.
    now = persist(partial(_open, store, source), source.name, patience, log)
    if _state(now) != _state(remote):
        raise PullDataError(f"{source.name}: {REPLACED}")
    return sha256.hexdigest()


def _store(scheme: str, patience: Patience) -> Store:
    # They tell of each failure, and asyncio of tasks that a stop leaves behind; we do in one line.
    for library in ("aiobotocore", "asyncio", "botocore", "gcsfs", "google"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    # Not above: each of these libraries takes most of a second.
    if scheme == "s3":
        from pull_data.s3 import S3

        return S3(patience)
    from pull_data.google_storage import GoogleStorage

    return GoogleStorage(patience)


def _open(store: Store, source: ObjectSource) -> AbstractBufferedFile:
    try:
        remote = store.open(source)
    except store.errors as error:
        raise _plain(store, source, error) from None
    if remote.details["type"] != "file":
        raise PullDataError(f"{source.name}: this is a folder; give one object of it")
    return remote


def _read(store: Store, source: ObjectSource, remote: AbstractBufferedFile, start: int) -> bytes:
    try:
        remote.seek(start)
        chunk: bytes = remote.read(RANGE_BYTES)
    except FileNotFoundError:
        raise PullDataError(f"{source.name}: {REPLACED}") from None
    except store.errors as error:
        raise _plain(store, source, error) from None
    if len(chunk) != min(RANGE_BYTES, remote.size - start):
        raise TransientError("the transfer broke off before its end")
    return chunk


def _plain(store: Store, source: ObjectSource, error: Exception) -> Exception:
    refusal = store.refusal(error)
    if refusal:
        return PullDataError(f"{source.name}: {refusal}")
    return TransientError(store.failure(error))


def _state(remote: AbstractBufferedFile) -> tuple[object, ...]:
    return tuple(remote.details.get(key) for key in ("size", "ETag", "generation"))
