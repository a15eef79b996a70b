"""Failures that a user can mend: one line each, and the exit code that a command ends with."""

from types import FrameType


class PinionError(Exception):
    """The work failed; the command ends with 1."""

    exit_code = 1


class UsageError(PinionError):
    """The call was wrong; the command ends with 2."""

    exit_code = 2


class Terminated(KeyboardInterrupt):
    """SIGTERM, which stops a command as Ctrl-C does."""


def terminate(_signal: int, _frame: FrameType | None) -> None:
    """Handles SIGTERM as Python does Ctrl-C."""
    raise Terminated
