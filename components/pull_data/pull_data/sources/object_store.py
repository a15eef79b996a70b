"""Download one object of a store, or the files of a folder of objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pinion_step.errors import StepError
from pinion_step.sources.folder import check_unchanged
from pinion_step.sources.object_store import Details, Objects, connect, folder_version, state
from pinion_step.sources.source import ObjectSource
from pinion_step.sources.transfer import REPLACED, Log, Patience
from pinion_step.sources.version import check_version, is_of_bytes, of_object
from pull_data.formats.folder import check_is_parquet, hashed
from pull_data.sources.fetched import Fetched
from pull_data.sources.room import Room

if TYPE_CHECKING:
    from fsspec.spec import AbstractBufferedFile


def download_objects(
    source: ObjectSource,
    staging: Path,
    log: Log,
    patience: Patience | None = None,
    room: Room | None = None,
    version: str = "",
) -> Fetched:
    """Write an object, or the files of a folder of objects, into `staging`.

    Raises `StepError` if the store refuses, or still fails at the last try, or has another
    version, or more to give than there is room for.
    """
    room = room or Room.beside(source.name, staging / "download")
    transfer = _Transfer(connect(source, log, patience), staging, room, version)
    remote = transfer.objects.find(source)
    return transfer.folder(source) if remote is None else transfer.file(source, remote)


@dataclass(frozen=True)
class _Transfer:
    """A download into the folder `staging`."""

    objects: Objects
    staging: Path
    room: Room
    version: str

    def file(self, source: ObjectSource, remote: "AbstractBufferedFile") -> Fetched:
        if not is_of_bytes(self.version):
            check_version(source.name, of_object(remote.details), self.version)
        self.room.hold(remote.size)
        target = self.staging / "download"
        self._write(source, remote, target)
        self.objects.check_unchanged(source, remote)
        return Fetched(source.name, (hashed("", target, source.name),))

    def folder(self, source: ObjectSource) -> Fetched:
        before = self.objects.list(source)
        check_version(source.name, folder_version(before), self.version)
        self.room.hold(sum(int(details["size"]) for details in before.values()))
        parts = []
        for number, (path, details) in enumerate(before.items()):
            target, part = self.staging / f"download-{number}", source.part(path)
            remote = self.objects.open(part, gone=REPLACED)
            if state(remote.details) != state(details):
                raise StepError(f"{part.name}: {REPLACED}")
            self._write(part, remote, target)
            parts.append(hashed(path, target, source.name))
            check_is_parquet(target, path, source.name)
        check_unchanged(_states(before), _states(self.objects.list(source)), source.name)
        return Fetched(source.name, tuple(parts))

    def _write(self, source: ObjectSource, remote: "AbstractBufferedFile", target: Path) -> None:
        with target.open("wb") as file:
            self.objects.write(source, remote, file)


def _states(found: Mapping[str, Details]) -> dict[str, object]:
    return {path: state(details) for path, details in found.items()}
