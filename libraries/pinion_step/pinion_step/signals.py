"""Stop signals as exceptions, so that temporary files are removed on the way out."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """The process was told to stop; its exit code is 128 plus the signal's number.

    KeyboardInterrupt will not do for Ctrl-C: if it was raised in code that `exec` ran, as that of
    dataclasses is, CPython kills itself at the end although the exception was caught.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.exit_code = 128 + number


@contextmanager
def stop_signals_raise() -> Iterator[None]:
    """Raise Interrupted at the first stop signal and ignore the next, which may hit the cleanup."""
    previous = {number: signal.signal(number, _interrupt) for number in SIGNALS}
    hook, sys.unraisablehook = sys.unraisablehook, _raise_again
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = hook
        for number, handler in previous.items():
            signal.signal(number, handler)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


def _raise_again(dropped: "UnraisableHookArgs") -> None:
    """Raise Interrupted again if Python dropped it, as it does while it removes an object."""
    error = dropped.exc_value
    if not isinstance(error, Interrupted):
        sys.__unraisablehook__(dropped)
        return
    number = error.exit_code - 128
    signal.signal(signal.SIGALRM, lambda _alarm, frame: _interrupt(number, frame))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
