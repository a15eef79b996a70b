"""Lock files between processes; the kernel releases the lock of a process that was killed."""

import fcntl
import os
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
