"""Folders that are made once, whole or not at all, and shared by all processes of a user.

A folder is made beside its final place, under a lock that other processes wait for, and then
renamed. Processes that use a folder share its lock, so that no other process evicts it.
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


def locked(path: Path, kind: int = fcntl.LOCK_EX) -> IO[bytes] | None:
    """Open and lock a file, which is created if it is missing; closing it releases the lock.

    Return None if another process holds the lock.
    """
    while True:
        # Open for reading too: a shared lock on NFS needs that.
        file = path.open("a+b")
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        # Its holder may have removed the file between the two calls.
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()


# Fills an empty folder. A program that it starts may inherit the lock and holds it until it ends.
Make = Callable[[Path, IO[bytes]], None]

_PATIENCE = 0.05
# How opening a lock file fails if nothing may be written there.
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


@dataclass(frozen=True)
class Held:
    """A whole folder, held until this process ends or releases it."""

    folder: Path
    # None in a cache that cannot be written to: nothing is evicted from it.
    _lock: IO[bytes] | None

    def release(self) -> None:
        """Let others evict it."""
        if self._lock:
            self._lock.close()


@dataclass(frozen=True)
class SharedFolders:
    """Folders by key: the `kept` most recently used stay, each for at most `kept_seconds`."""

    root: Path
    kept: int
    kept_seconds: float

    def held(
        self, key: str, is_whole: Callable[[Path], bool], make: Make, wait: Callable[[], None]
    ) -> Held:
        """Return the folder of a key, after making it if it is not whole.

        `wait` is called repeatedly while another process makes the folder; an error that it raises
        ends the wait. Raise `OSError` if the folder cannot be made, and whatever `make` raises.
        """
        folder = self.root / key
        if (found := self._read_only(folder, is_whole)) is not None:
            return found
        while True:
            lock = self._locked(key, fcntl.LOCK_SH, wait)
            if is_whole(folder):
                # In a cache that users share, only the owner may update the time of last use.
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
        """Return a whole folder of a read-only cache, or None if the cache can be written to."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with self._lock_file(folder.name).open("ab"):
                return None
        except OSError as error:
            if error.errno in _READ_ONLY and is_whole(folder):
                return Held(folder, None)
            raise

    def _locked(self, key: str, kind: int, wait: Callable[[], None]) -> IO[bytes]:
        """Wait for a lock without blocking, so that `wait` can end the wait."""
        while not (lock := locked(self._lock_file(key), kind)):
            wait()
            time.sleep(_PATIENCE)
        return lock

    def _make(self, folder: Path, make: Make, lock: IO[bytes]) -> None:
        partial = self._partial(folder.name)
        # A process that was killed may have left it, or a whole folder may have been discarded.
        remove_at_once(folder, partial)
        try:
            partial.mkdir()
            make(partial, lock)
            os.replace(partial, folder)
        except BaseException:
            remove(partial)
            raise

    def _tidy(self, now: float, held: str) -> None:
        """Remove old folders and the remains of killed processes, but nothing that is held."""
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
        # What cannot be removed now can wait; it must not fail a caller that needs another folder.
        with suppress(OSError):
            if lock := locked(self._lock_file(key)):
                with lock:
                    remove_at_once(self.root / key, self._partial(key))
                    # Last, and under the lock: a process that waits for it sees that it is gone.
                    self._lock_file(key).unlink()

    def _lock_file(self, key: str) -> Path:
        return self.root / f".{key}.lock"

    def _partial(self, key: str) -> Path:
        return self.root / f".{key}.partial"


def remove_at_once(folder: Path, partial: Path) -> None:
    """Rename a folder to `partial` before removing it, so that a kill never leaves half of it."""
    remove(partial)
    with suppress(FileNotFoundError):
        os.replace(folder, partial)
        remove(partial)


def remove(folder: Path) -> None:
    """Remove a folder and everything in it, even if it is read-only; do nothing if it is absent."""
    for parent, _, _ in os.walk(folder):
        Path(parent).chmod(0o755)
    if folder.exists():
        shutil.rmtree(folder)
