"""Wait for a condition."""

import time
from collections.abc import Callable

# Seconds. Generous, because the machine may be slow and busy; a test that succeeds never waits so
# long.
PATIENCE = 900


def until(
    condition: Callable[[], object],
    what: str = "the condition did not hold in time",
    patience: float = PATIENCE,
) -> None:
    """Wait until a condition holds; `what` is the error if it does not."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
