"""The log of a step, on stderr."""

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
