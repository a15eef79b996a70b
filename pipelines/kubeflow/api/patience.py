"""Wait for a server that is away, for a limited time."""

import sys
import time
from collections.abc import Callable

from pipelines.system.errors import PinionError

# Seconds in all, before the first retry, between retries at most, and until the user is told.
SECONDS = 300.0
_FIRST = 0.25
_MOST = 10.0
_QUIET = 3.0


class Patience:
    """The pauses between the tries of one request."""

    def __init__(self, seconds: float, pause: Callable[[float], None] = time.sleep) -> None:
        self._seconds = seconds
        self._pause = pause
        self._start = time.monotonic()
        self._paused = 0.0
        self._next = _FIRST
        self._announced = False

    def wait(self, failure: PinionError) -> None:
        """Wait before the next try; raise the failure if no time is left."""
        gone = max(time.monotonic() - self._start, self._paused)
        if gone + self._next > self._seconds:
            raise failure
        if gone > _QUIET and not self._announced:
            self._announced = True
            left = self._seconds - gone
            print(f"{failure}; retrying for up to {left:.0f} s", file=sys.stderr)
        self._pause(self._next)
        self._paused += self._next
        self._next = min(self._next * 2, _MOST)
