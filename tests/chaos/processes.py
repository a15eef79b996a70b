"""Finding processes that were started far away, and waiting for them."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

# Generous, because the machine may be busy; nothing waits for it that succeeds.
PATIENCE = 300


def processes_with(*variables: bytes) -> list[int]:
    """The processes that have one of these in their environment, as NAME=value."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if set(variables) & set((process / "environ").read_bytes().split(b"\0")):
                found.append(int(process.name))
    return sorted(set(found) - {os.getpid()})


def until(condition: Callable[[], object], what: str = "it did not come to that") -> None:
    """Waits until it holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
