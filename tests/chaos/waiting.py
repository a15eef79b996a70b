"""Wait for other processes."""

import time
from collections.abc import Callable

# Generous, because the machine may be slow and busy; a test that passes does not wait for it.
PATIENCE = 900


def until(
    condition: Callable[[], object],
    what: str = "the expected condition did not occur",
    patience: float = PATIENCE,
) -> None:
    """Wait until a condition holds; raise `AssertionError` after some time."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
