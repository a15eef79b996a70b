"""The failures of a step, which have a message of one line and an exit code."""

from collections.abc import Sequence

FAILED = 1
WRONG_CALL = 2


class StepError(Exception):
    """An expected failure; its message names the thing, what is wrong, and the next step."""

    exit_code = FAILED

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class WrongCallError(StepError):
    """A wrong call: a flag has a value that is wrong whatever the data are."""

    exit_code = WRONG_CALL


def one_line(text: object, limit: int = 0) -> str:
    """Fold a message, which may have many lines, into one of at most `limit` characters, if any."""
    line = " ".join(str(text).split())
    return f"{line[: limit - 1]}…" if 0 < limit < len(line) else line


def some(names: Sequence[object]) -> str:
    """Return the first names of a list, quoted, and the number of the others."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(repr(str(name)) for name in names[:5]) + more


def reason(error: BaseException) -> str:
    """Return why the operating system or a library refused, without its type and errno."""
    if isinstance(error, OSError) and error.strerror:
        # If a copy failed, the second name is its destination.
        path = error.filename2 or error.filename
        return one_line(f"{path}: {error.strerror}" if path else error.strerror)
    return one_line(error) or type(error).__name__
