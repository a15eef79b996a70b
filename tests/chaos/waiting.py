"""Waiting for what others do."""

import time
from collections.abc import Callable

# Generous, because the machine may be busy; nothing waits for it that succeeds.
PATIENCE = 300


def until(condition: Callable[[], object], what: str = "it did not come to that") -> None:
    """Waits until it holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
