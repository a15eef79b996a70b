"""The lines that a step prints for people: its log, on stderr, and the numbers in it."""

import os
import sys

from pinion_step.errors import one_line

# Clears a terminal's line from the cursor on, which may show progress.
ERASE = "\x1b[K"


def log(step: str, message: object, limit: int = 0) -> None:
    """Write one line of at most `limit` characters, if any, to the log of a step."""
    start = ERASE if on_terminal() else ""
    print(f"{start}{step}: {one_line(message, limit)}", file=sys.stderr, flush=True)


def on_terminal() -> bool:
    """Return whether a person reads the log as it is written, on a terminal that can erase."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def short(number: float, other: float | None) -> str:
    """Return six significant digits, or all if two different numbers would look equal."""
    if other is not None and number != other and _round(number) == _round(other):
        return repr(number)
    return _round(number)


def _round(number: float) -> str:
    return f"{number:.0f}" if 1e6 <= abs(number) < 1e15 else f"{number:.6g}"
