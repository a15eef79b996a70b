"""Virtual environments in the user's cache, each made once from the locks that it is named after.

An environment appears whole or not at all: it is made beside its place, under a lock that other
processes wait for, and then renamed. Whoever uses one holds it, so that it is not evicted.
"""

import csv
import fcntl
import hashlib
import os
import shutil
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pipelines.errors import PinionError
from pipelines.uv import Started, Tell, find_uv, run_uv
from pipelines.workspace import Workspace

# Changed if environments of the same locks are made in another way.
_SCHEME = "1"
_COMPLETE = ".complete"
# One takes up to 500 MB, of which most is shared with uv's own cache.
_KEPT = 24
_KEPT_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class Environment:
    """A whole environment, held until this process ends or lets go of it."""

    folder: Path
    _hold: IO[bytes]

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def release(self) -> None:
        """Let others evict it."""
        self._hold.close()

    def damage(self) -> str:
        """Return the first file that is missing or has another size than was installed, or ''."""
        for record in sorted(self.folder.glob("lib/python*/site-packages/*.dist-info/RECORD")):
            for path, size in _recorded(record):
                found = path.stat().st_size if path.exists() else None
                if found != size:
                    is_there = "is missing" if found is None else f"has {found} of {size} bytes"
                    return f"{path.relative_to(self.folder)} {is_there}"
        return ""

    def discard(self) -> None:
        """Remove it, so that the next one who needs it makes it again."""
        (self.folder / _COMPLETE).unlink(missing_ok=True)


def _recorded(record: Path) -> Iterator[tuple[Path, int]]:
    with record.open(newline="") as lines:
        for name, _, size in csv.reader(lines):
            if size:
                yield record.parent.parent / name, int(size)


@dataclass(frozen=True)
class Environments:
    """The environments of a user, in one folder that all clones share."""

    workspace: Workspace
    started: Started = field(default_factory=Started)

    @property
    def root(self) -> Path:
        """Where they are."""
        return self.workspace.cache / "environments"

    def missing(self, name: str, locks: Sequence[bytes]) -> bool:
        """Whether an environment would have to be made first."""
        return not _is_whole(self.root / _key(name, locks))

    def ready(self, name: str, locks: Sequence[bytes], tell: Tell) -> Environment:
        """Return the environment that holds what the locks say, made first if there is none.

        `name` is for people who look into the folder. Raises `PinionError`, one line that says what
        to do, if it cannot be made.
        """
        folder = self.root / _key(name, locks)
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            while True:
                hold = (self.root / f".{folder.name}.lock").open("wb")
                fcntl.flock(hold, fcntl.LOCK_SH)
                if _is_whole(folder):
                    os.utime(folder / _COMPLETE)
                    return Environment(folder, hold)
                # A lock cannot be changed from shared to exclusive without letting go of it.
                fcntl.flock(hold, fcntl.LOCK_EX)
                if not _is_whole(folder):
                    self._make(folder, locks, tell)
                hold.close()
        except OSError as error:
            raise PinionError(
                f"the environment of {name} cannot be made in {self.root}: {error.strerror};"
                " make room there, or set XDG_CACHE_HOME to a folder that you can write to"
            ) from error
        except PinionError as error:
            raise PinionError(f"the environment of {name} cannot be made: {error}") from error

    def _make(self, folder: Path, locks: Sequence[bytes], tell: Tell) -> None:
        uv = find_uv(self.workspace)
        partial = folder.with_name(f".{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            tell("starting")
            run_uv(uv, _venv(partial), self.root, tell, self.started)
            files = []
            for number, lock in enumerate(locks):
                files.append(partial / f"{number}.lock")
                files[-1].write_bytes(lock)
            sync = ["pip", "sync", "--require-hashes", "--python", partial]
            run_uv(uv, [*sync, *files], self.root, tell, self.started)
            (partial / _COMPLETE).touch()
            partial.rename(folder)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        self._evict(time.time())

    def _evict(self, now: float) -> None:
        """Remove those that nobody uses: the ones not used for a month, and the oldest of many."""
        found = [(each.stat().st_mtime, each.parent) for each in self.root.glob(f"*/{_COMPLETE}")]
        for place, (used, folder) in enumerate(sorted(found, reverse=True)):
            if place >= _KEPT or used < now - _KEPT_SECONDS:
                with (self.root / f".{folder.name}.lock").open("wb") as lock:
                    try:
                        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except OSError:
                        continue
                    shutil.rmtree(folder, ignore_errors=True)


def _venv(folder: Path) -> list[str | Path]:
    # Relocatable, because it is renamed once it is whole.
    python = Path(sys.executable).resolve()
    return ["venv", "--quiet", "--no-project", "--relocatable", "--python", python, folder]


def _is_whole(folder: Path) -> bool:
    # The interpreter that it was made with may have been removed since.
    return (folder / _COMPLETE).exists() and (folder / "bin" / "python").exists()


def _key(name: str, locks: Sequence[bytes]) -> str:
    interpreter = f"{sys.version} {Path(sys.executable).resolve()} {sysconfig.get_platform()}"
    parts = [_SCHEME.encode(), interpreter.encode(), *locks]
    digests = "".join(hashlib.sha256(part).hexdigest() for part in parts)
    return f"{name}-{hashlib.sha256(digests.encode()).hexdigest()[:16]}"
