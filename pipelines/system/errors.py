"""Failures that a user can fix: one line each, and the exit code that the command ends with."""

from types import FrameType


class PinionError(Exception):
    """The work failed; the command ends with 1."""

    exit_code = 1


class UsageError(PinionError):
    """The call was wrong; the command ends with 2."""

    exit_code = 2


class Terminated(KeyboardInterrupt):
    """SIGTERM was received; it stops a command as Ctrl-C does."""


def terminate(_signal: int, _frame: FrameType | None) -> None:
    """Handle SIGTERM as Python handles Ctrl-C."""
    raise Terminated
