"""How far the training is, on stderr: `train: progress: fold 3 of 5, about 12 s left`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pinion_step.console import ERASE, on_terminal
from pinion_step.errors import one_line
from train.log import log

INTERVAL = 10.0  # seconds between two lines where there is no terminal


class Progress:
    """Tells of folds and trials as they end, with the time that the rest takes at their pace.

    On a terminal each replaces the one before it; elsewhere there is at most one line in `interval`
    seconds. Work is counted in fits to all rows, of which the last one makes the model.
    """

    def __init__(
        self,
        quiet: bool = False,
        interval: float = INTERVAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quiet, self._interval, self._clock = quiet, interval, clock
        self._since = self._told = clock()
        self._work = self._done = 0.0

    def expect(self, work: float) -> None:
        """Expect so much work before the last fit."""
        self._work = work + 1

    def ended(self, what: str, work: float = 1.0) -> None:
        """Tell of what has ended, and took so much work."""
        self._done += work
        now = self._clock()
        left = (now - self._since) * (self._work - self._done) / self._done
        if not self._quiet:
            self._show(f"{what}, about {in_words(left)} left", now)

    def _show(self, text: str, now: float) -> None:
        if on_terminal():
            line = one_line(f"train: progress: {text}", _columns() - 1)
            # Whatever comes next is written over it.
            print(f"{ERASE}{line}", end="\r", file=sys.stderr, flush=True)
        elif now - self._told >= self._interval:
            self._told = now
            log(f"progress: {text}")


@contextmanager
def shown(progress: Progress) -> Iterator[Progress]:
    """Leave a clean line on a terminal."""
    try:
        yield progress
    finally:
        if on_terminal():
            print(ERASE, end="", file=sys.stderr, flush=True)


def in_words(seconds: float) -> str:
    """Return a time for people, in one unit."""
    if seconds < 99.5:
        return f"{max(1, round(seconds))} s"
    if seconds < 99.5 * 60:
        return f"{round(seconds / 60)} min"
    return f"{round(seconds / 3600)} h"


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except OSError:
        return 80
