"""The version of a source, from as little of it as tells one version from another."""

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, cast

from pinion_step.sources.local import look
from pinion_step.sources.object_store import connect, folder_version
from pinion_step.sources.source import (
    LocalSource,
    ObjectSource,
    SampleSource,
    Source,
    WebSource,
)
from pinion_step.sources.transfer import Log, Patience
from pinion_step.sources.version import of_answer, of_bytes, of_object
from pinion_step.sources.web import read_web


def source_version(source: Source, log: Log, patience: Patience | None = None) -> str:
    """Return which bytes a source holds now; empty for a sample, which changes with its step alone.

    Raises `StepError` if there is no such source, or its server refuses or does not answer.
    """
    match source:
        case SampleSource():
            return ""
        case LocalSource():
            return look(source.path, source.name).version
        case WebSource():
            return _of_web(source, log, patience or Patience())
        case ObjectSource():
            return _of_objects(source, log, patience or Patience())


class _SeenError(Exception):
    """The answer names its version, so that its bytes need not be read."""


def _of_web(source: WebSource, log: Log, patience: Patience) -> str:
    """Ask as pull_data does, and hang up where the headers say enough.

    To a HEAD, servers may answer otherwise, and addresses that were signed for a GET refuse it.
    """
    hashes: list[_Hash] = []

    def stop(headers: Mapping[str, str]) -> None:
        if version := of_answer(headers):
            raise _SeenError(version)

    @contextmanager
    def hashing() -> Iterator[IO[bytes]]:
        hashes.append(_Hash())
        yield cast(IO[bytes], hashes[-1])

    try:
        read_web(source, hashing, log, patience, stop)
    except _SeenError as seen:
        return str(seen)
    return of_bytes(hashes[-1].hexdigest)


def _of_objects(source: ObjectSource, log: Log, patience: Patience) -> str:
    objects = connect(source, log, patience)
    remote = objects.find(source)
    if remote is None:
        return folder_version(objects.list(source))
    if version := of_object(remote.details):
        return version
    digest = _Hash()
    objects.write(source, remote, cast(IO[bytes], digest))
    objects.check_unchanged(source, remote)
    return of_bytes(digest.hexdigest)


class _Hash(io.RawIOBase):
    """A file to write to, of which the hash alone is kept."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def write(self, data: object) -> int:
        """Take bytes in."""
        part = memoryview(cast(bytes, data))
        self._digest.update(part)
        return len(part)

    @property
    def hexdigest(self) -> str:
        """The SHA-256 of what was written."""
        return self._digest.hexdigest()
