"""What tasks gave, kept in a folder that several runs share: each whole, or not there."""

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.compiled.container import ArtifactType
from pipelines.runner.task.artifacts import Artifact, Values
from pipelines.system.manifests import Manifest, copy, copy_file, manifest

_ABOUT = "entry.json"
# A disk, a share of one, or what a process may write is used up; or nothing may be written.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (*_FULL, errno.EROFS)


@dataclass(frozen=True)
class Entry:
    """What is kept of a task, and the run that it was made in.

    `outputs` are its artifacts, at paths within its folder, and its parameters; `content` is the
    manifest of that folder, `parts` the recipe's, `size` in bytes.
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
        """Outputs as an entry has them; raises `ValueError` for one that is not in the folder."""
        for name, artifact in values.artifacts.items():
            path = artifact.path
            within = path.is_relative_to(folder) and ".." not in path.relative_to(folder).parts
            if not (within and path.exists()):
                raise ValueError(f"it put {name} elsewhere")
        return {
            "parameters": values.parameters,
            "artifacts": {
                name: {**asdict(artifact), "uri": str(artifact.path.relative_to(folder))}
                for name, artifact in values.artifacts.items()
            },
        }

    def values(self, folder: Path) -> Values:
        """The outputs, where what is kept was copied to this folder."""
        artifacts = {
            name: Artifact(
                str(folder / each["uri"]),
                ArtifactType(**each["type"]),
                each["name"],
                each["metadata"],
            )
            for name, each in self.outputs["artifacts"].items()
        }
        return Values(dict(self.outputs["parameters"]), artifacts)


class Lock:
    """Keeps a key to one holder, in whatever process; a killed one holds nothing any more."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor

    @classmethod
    def take(cls, path: Path) -> "Lock | None":
        """None where another has it."""
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            if _is_at(path, descriptor):
                return cls(path, descriptor)
            # Its holder removed it between the two calls.
            os.close(descriptor)

    def release(self) -> None:
        """Lets the next one have it."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


class Store:
    """Entries under a folder; each is read and written by who holds the lock of its key."""

    def __init__(self, root: Path) -> None:
        self._entries, self._unfinished = root / "entries", root / "unfinished"
        self._locks = root / "locks"
        for folder in (self._entries, self._unfinished, self._locks):
            folder.mkdir(parents=True, exist_ok=True)

    def lock(self, key: str) -> Lock | None:
        """The lock of a key, or None where another has it."""
        return Lock.take(self._locks / key)

    def get(self, key: str) -> Entry | None:
        """The entry of a key, if there is one that can be read."""
        try:
            return Entry(**json.loads((self._entries / key / _ABOUT).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def entries(self) -> list[Entry]:
        """All, the one that was used last at the end."""
        keys = sorted(self._entries.iterdir(), key=_last_used)
        return [entry for key in keys if (entry := self.get(key.name))]

    def kept(self, key: str) -> Path:
        """The folder that is kept of a task; not to be written to."""
        return self._entries / key / "folder"

    def restore(self, entry: Entry, folder: Path, log: Path) -> bool:
        """Copies what is kept to where the task would have put it; whether it is what it was.

        Raises `OSError` where there is no room for it, which is no fault of what is kept.
        """
        # A kill must not leave half of it under a name that is an output's.
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
        """Keeps a task's folder and log under a key, in place of what there was."""
        partial = self._unfinished / entry.key
        try:
            try:
                _fill(partial, entry, folder, log, copy_file)
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                # A second name takes no room. What is edited in the run is edited here too, which
                # is found out when it is restored.
                _fill(partial, entry, folder, log, os.link)
            self.remove(entry.key)
            os.replace(partial, self._entries / entry.key)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def remove(self, key: str) -> None:
        """Removes an entry, if there is one."""
        # Under a name that nobody reads, so that one half removed is none.
        doomed = self._unfinished / f"{key}.removed"
        shutil.rmtree(doomed, ignore_errors=True)
        if (self._entries / key).exists():
            os.replace(self._entries / key, doomed)
            shutil.rmtree(doomed, ignore_errors=True)

    def prune(self, limit: int) -> list[Entry]:
        """Removes what was used least lately until all has at most so many bytes; what stays.

        What a killed run left half done goes too. What another has the lock of stays.
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
