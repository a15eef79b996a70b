"""The one exception that train expects, and how a library's message becomes one line."""

import os
import sys

WORK_FAILED = 1
WRONG_CALL = 2
# To a terminal: forget what is on the line from the cursor on, where progress may stand.
ERASE = "\x1b[K"


class TrainError(Exception):
    """What went wrong, where, the given value and what to do next, in one line."""

    def __init__(self, message: str, exit_code: int = WORK_FAILED) -> None:
        super().__init__(one_line(message))
        self.exit_code = exit_code


class WrongCallError(TrainError):
    """A flag was given a value that no data could make right."""

    def __init__(self, message: str) -> None:
        super().__init__(message, WRONG_CALL)


def one_line(text: object, limit: int = 600) -> str:
    """Fold a message of a library, which may have many lines, into one of bounded length."""
    line = " ".join(str(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def log(message: str) -> None:
    """Tell the reader of the log, not the reader of the result."""
    start = ERASE if on_terminal() else ""
    print(f"{start}train: {one_line(message)}", file=sys.stderr, flush=True)


def on_terminal() -> bool:
    """Tell whether a person reads the log as it is written, on something that can erase."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
