"""Run a command and end it with an exit code, and one line on stderr if a user can fix it."""

import os
import signal
import sys
from collections.abc import Callable, Sequence

from pipelines.system.errors import PinionError, Terminated, terminate


def run_command(name: str, command: Callable[[Sequence[str] | None], int]) -> int:
    """Call a command; turn an error that a user can fix into a line on stderr and an exit code."""
    signal.signal(signal.SIGTERM, terminate)
    try:
        code = command(None)
        # The work is done: a signal that arrives while Python exits must not change the exit code.
        _ignore_stops()
        return code
    except PinionError as error:
        return _fail(name, str(error), error.exit_code)
    except KeyboardInterrupt as error:
        # The command is ending already: another signal must not change its exit code.
        _ignore_stops()
        terminated = isinstance(error, Terminated)
        return _fail(name, *(("terminated", 143) if terminated else ("interrupted", 130)))
    except BrokenPipeError:
        # The reader of our output has gone, so there is nobody to tell. What is still buffered must
        # not fail again when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        where = f" {error.filename!r}" if error.filename else ""
        return _fail(name, f"{error.strerror or error}{where}", 1)


def _ignore_stops() -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)


def _fail(name: str, message: str, exit_code: int) -> int:
    print(f"{name}: error: {' '.join(message.split())}", file=sys.stderr)
    return exit_code
