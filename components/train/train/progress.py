"""The progress of the training, on stderr: `train: progress: fold 3 of 5, about 12 s left`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pinion_step.console import ERASE, on_terminal
from pinion_step.errors import one_line
from train.log import log

INTERVAL = 10.0  # seconds between two lines if stderr is not a terminal


class Progress:
    """Reports each fold and trial as it ends, and estimates the time that is left from their pace.

    On a terminal, each report replaces the one before it. Elsewhere, there is at most one line in
    `interval` seconds. The unit of work is one fit to all rows; the last fit makes the model.
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
        """Set the amount of work before the last fit."""
        self._work = work + 1

    def ended(self, what: str, work: float = 1.0) -> None:
        """Report what has ended, and count its work."""
        self._done += work
        now = self._clock()
        left = (now - self._since) * (self._work - self._done) / self._done
        if not self._quiet:
            self._show(f"{what}, about {in_words(left)} left", now)

    def _show(self, text: str, now: float) -> None:
        if on_terminal():
            line = one_line(f"train: progress: {text}", _columns() - 1)
            # The next line is written over this one.
            print(f"{ERASE}{line}", end="\r", file=sys.stderr, flush=True)
        elif now - self._told >= self._interval:
            self._told = now
            log(f"progress: {text}")


@contextmanager
def shown(progress: Progress) -> Iterator[Progress]:
    """Clear the line of progress from a terminal at the end."""
    try:
        yield progress
    finally:
        if on_terminal():
            print(ERASE, end="", file=sys.stderr, flush=True)


def in_words(seconds: float) -> str:
    """Return a time in one unit, for people."""
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
