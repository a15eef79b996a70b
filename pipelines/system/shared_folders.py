"""Folders that are made once, whole or not at all, and are shared by all processes of a user.

A folder is made beside its place, under a lock that other processes wait for, and then renamed.
Whoever uses one holds the lock together with others, so that nobody evicts it.
"""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# Fills an empty folder; what it starts may inherit the lock, which then lasts as long as that.
Make = Callable[[Path, IO[bytes]], None]

_PATIENCE = 0.05
# What the lock of a folder answers where nothing may be written.
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


@dataclass(frozen=True)
class Held:
    """A whole folder, held until this process ends or lets go of it."""

    folder: Path
    # None in a cache that cannot be written to, from which nobody evicts.
    _lock: IO[bytes] | None

    def release(self) -> None:
        """Let others evict it."""
        if self._lock:
            self._lock.close()


@dataclass(frozen=True)
class SharedFolders:
    """Folders by their keys, of which those are kept that were used last, for so long at most."""

    root: Path
    kept: int
    kept_seconds: float

    def held(
        self, key: str, is_whole: Callable[[Path], bool], make: Make, wait: Callable[[], None]
    ) -> Held:
        """Return the folder of a key, made first if it is not whole.

        `wait` is called again and again while another process makes it; what it raises ends the
        waiting. Raises `OSError` if the folder cannot be made, and what `make` raises.
        """
        folder = self.root / key
        if (found := self._read_only(folder, is_whole)) is not None:
            return found
        while True:
            lock = self._locked(key, fcntl.LOCK_SH, wait)
            if is_whole(folder):
                # Another user's, in a cache that is shared, tells its last use by that user.
                with suppress(PermissionError):
                    os.utime(folder)
                return Held(folder, lock)
            lock.close()
            with self._locked(key, fcntl.LOCK_EX, wait) as lock:
                # Another process may have been faster.
                if not is_whole(folder):
                    self._make(folder, make, lock)
                    self._tidy(time.time(), key)

    def _read_only(self, folder: Path, is_whole: Callable[[Path], bool]) -> Held | None:
        """Return a folder of a cache that somebody else filled; None where it can be made."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with self._lock_file(folder.name).open("ab"):
                return None
        except OSError as error:
            if error.errno in _READ_ONLY and is_whole(folder):
                return Held(folder, None)
            raise

    def _locked(self, key: str, kind: int, wait: Callable[[], None]) -> IO[bytes]:
        """Wait for a lock; asked for without blocking, so that the waiting can end otherwise."""
        while True:
            # Open for reading too, which a shared lock needs on NFS.
            lock = self._lock_file(key).open("a+b")
            try:
                fcntl.flock(lock, kind | fcntl.LOCK_NB)
                # Its file may have been removed between the two.
                if os.fstat(lock.fileno()).st_nlink:
                    return lock
                lock.close()
            except BlockingIOError:
                lock.close()
                wait()
                time.sleep(_PATIENCE)
            except BaseException:
                lock.close()
                raise

    def _make(self, folder: Path, make: Make, lock: IO[bytes]) -> None:
        partial = self._partial(folder.name)
        # Left by a process that was killed, or a whole one that was discarded.
        remove(partial)
        self._remove_at_once(folder)
        try:
            partial.mkdir()
            make(partial, lock)
            os.replace(partial, folder)
        except BaseException:
            remove(partial)
            raise

    def _tidy(self, now: float, held: str) -> None:
        """Remove what was not used lately, and what killed processes left; nothing that is held."""
        whole = {}
        for each in self.root.glob("[!.]*"):
            # Another process may evict it at the same time.
            with suppress(FileNotFoundError):
                whole[each.name] = each.stat().st_mtime
        by_use = sorted(whole, key=lambda key: -whole[key])
        old = {key for key in by_use if whole[key] < now - self.kept_seconds}
        left = {each.name[1 : -len(".lock")] for each in self.root.glob(".*.lock")} - whole.keys()
        for key in {*by_use[self.kept :], *old, *left} - {held}:
            self._evict(key)

    def _evict(self, key: str) -> None:
        # What cannot be removed now can wait; it must not fail who needs another.
        with suppress(OSError), self._lock_file(key).open("a+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(lock.fileno()).st_nlink:
                remove(self._partial(key))
                self._remove_at_once(self.root / key)
                # Last, and under the lock: who waits for it sees that it is gone.
                self._lock_file(key).unlink()

    def _remove_at_once(self, folder: Path) -> None:
        """Take a folder out of its place first, so that a kill leaves no half of it there."""
        with suppress(FileNotFoundError):
            os.replace(folder, self._partial(folder.name))
            remove(self._partial(folder.name))

    def _lock_file(self, key: str) -> Path:
        return self.root / f".{key}.lock"

    def _partial(self, key: str) -> Path:
        return self.root / f".{key}.partial"


def remove(folder: Path) -> None:
    """Remove a folder with all in it, also if it is read-only; nothing, if it is not there."""
    for parent, _, _ in os.walk(folder):
        Path(parent).chmod(0o755)
    if folder.exists():
        shutil.rmtree(folder)
