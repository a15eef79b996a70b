"""Store the outputs of tasks in a folder that runs share; each entry is whole or absent."""

import errno
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from pipelines.compiled.container import ArtifactType
from pipelines.runner.task.backend import Artifact, Values
from pipelines.system.manifests import Manifest, copy, copy_file, manifest
from pipelines.system.shared_folders import locked, remove_at_once

_ABOUT = "entry.json"
# The disk, a quota or the process's file size limit is used up, or the file system is read-only.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (*_FULL, errno.EROFS)


@dataclass(frozen=True)
class Entry:
    """The cached outputs of a task, and the run that made them.

    `outputs` are its artifacts, with paths relative to its folder, and its parameters. `content` is
    the manifest of that folder, `parts` are those of the recipe, and `size` is in bytes.
    """

    key: str
    task: str
    run: str
    parts: Mapping[str, str]
    outputs: Mapping[str, Any]
    content: Manifest
    size: int

    @classmethod
    def describe(cls, values: Values, folder: Path) -> dict[str, Any]:
        """Describe outputs for an entry; raise `ValueError` for one outside the folder."""
        for name, artifact in values.artifacts.items():
            path = artifact.path
            within = path.is_relative_to(folder) and ".." not in path.relative_to(folder).parts
            if not (within and path.exists()):
                raise ValueError(f"the output {name} is not in the step's folder")
        return {
            "parameters": values.parameters,
            "artifacts": {
                name: {**asdict(artifact), "uri": str(artifact.path.relative_to(folder))}
                for name, artifact in values.artifacts.items()
            },
        }

    def values(self, folder: Path) -> Values:
        """Return the outputs as they are after the entry was copied to `folder`."""
        return Values(
            dict(self.outputs["parameters"]),
            {
                name: Artifact(
                    str(folder / each["uri"]),
                    ArtifactType(**each["type"]),
                    each["name"],
                    each["metadata"],
                )
                for name, each in self.outputs["artifacts"].items()
            },
        )


@dataclass(frozen=True)
class Lock:
    """A lock on a key, across processes."""

    path: Path
    file: IO[bytes]

    def release(self) -> None:
        """Release the lock."""
        self.path.unlink(missing_ok=True)
        self.file.close()


class Store:
    """Entries in a folder; only the holder of an entry's lock reads or writes it."""

    def __init__(self, root: Path) -> None:
        self._entries, self._unfinished = root / "entries", root / "unfinished"
        self._locks = root / "locks"
        for folder in (self._entries, self._unfinished, self._locks):
            folder.mkdir(parents=True, exist_ok=True)

    def lock(self, key: str) -> Lock | None:
        """Take the lock of a key, or return None if another holds it."""
        path = self._locks / key
        return Lock(path, file) if (file := locked(path)) else None

    def get(self, key: str) -> Entry | None:
        """Return the entry of a key, or None if there is none that can be read."""
        try:
            return Entry(**json.loads((self._entries / key / _ABOUT).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def entries(self) -> list[Entry]:
        """Return all entries, the least recently used first."""
        folders = sorted(self._entries.iterdir(), key=_last_used)
        return [entry for each in folders if (entry := self.get(each.name))]

    def kept(self, key: str) -> Path:
        """Return the cached folder of a task, which must not be written to."""
        return self._entries / key / "folder"

    def restore(self, entry: Entry, folder: Path, log: Path) -> bool:
        """Copy an entry to where the task would have put it; return whether it was undamaged.

        Raise `OSError` if there is no space for the copy, which says nothing about the entry.
        """
        # A kill must not leave half a copy under the name of an output.
        partial = folder.with_name(f".{folder.name}.reused")
        for each in (partial, folder):
            shutil.rmtree(each, ignore_errors=True)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            log.parent.mkdir(exist_ok=True)
            copy(self.kept(entry.key), partial)
            copy_file(self._entries / entry.key / "log", log)
            if manifest(partial) != entry.content:
                return False
            os.replace(partial, folder)
            with suppress(OSError):
                os.utime(self._entries / entry.key / _ABOUT)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in _CLOSED:
                raise
            return False
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return True

    def save(self, entry: Entry, folder: Path, log: Path) -> None:
        """Store a task's folder and log under its key, replacing an earlier entry."""
        partial = self._unfinished / entry.key
        try:
            try:
                _fill(partial, entry, folder, log, copy_file)
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                # A hard link takes no space. If the file is edited in the run, the entry changes
                # too, which `restore` notices.
                _fill(partial, entry, folder, log, os.link)
            self.remove(entry.key)
            os.replace(partial, self._entries / entry.key)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def remove(self, key: str) -> None:
        """Remove an entry, if there is one."""
        remove_at_once(self._entries / key, self._unfinished / f"{key}.removed")

    def prune(self, limit: int) -> list[Entry]:
        """Remove the least recently used entries down to `limit` bytes; return those that stay.

        Also remove what killed runs left unfinished. Entries that others have locked stay.
        """
        for left in self._unfinished.iterdir():
            if lock := self.lock(left.name.partition(".")[0]):
                shutil.rmtree(left, ignore_errors=True)
                lock.release()
        entries, staying = self.entries(), []
        size = sum(entry.size for entry in entries)
        for entry in entries:
            if size > limit and (lock := self.lock(entry.key)):
                self.remove(entry.key)
                lock.release()
                size -= entry.size
            else:
                staying.append(entry)
        return staying


def _fill(
    entry_folder: Path, entry: Entry, folder: Path, log: Path, file: Callable[[Path, Path], None]
) -> None:
    shutil.rmtree(entry_folder, ignore_errors=True)
    entry_folder.mkdir()
    copy(folder, entry_folder / "folder", file)
    file(log, entry_folder / "log")
    (entry_folder / _ABOUT).write_text(json.dumps(asdict(entry)))


def _last_used(entry: Path) -> float:
    try:
        return (entry / _ABOUT).stat().st_mtime
    except OSError:
        return 0
