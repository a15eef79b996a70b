"""Waiting for what others do."""

import time
from collections.abc import Callable

# Generous, because the machine may be slow and busy; nothing waits for it that succeeds.
PATIENCE = 900


def until(
    condition: Callable[[], object],
    what: str = "it did not come to that",
    patience: float = PATIENCE,
) -> None:
    """Waits until it holds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
