"""How a command ends: one line on stderr for what a user can mend, and an exit code."""

import os
import signal
import sys
from collections.abc import Callable, Sequence

from pipelines.system.errors import PinionError, Terminated, terminate


def run_command(name: str, command: Callable[[Sequence[str] | None], int]) -> int:
    """Calls a command and turns what a user can mend into one line on stderr and an exit code."""
    signal.signal(signal.SIGTERM, terminate)
    try:
        code = command(None)
        # All is done: what comes while Python ends must not be what it ends with.
        _ignore_stops()
        return code
    except PinionError as error:
        return _fail(name, str(error), error.exit_code)
    except KeyboardInterrupt as error:
        # It ends already: one more signal must not be what it ends with.
        _ignore_stops()
        terminated = isinstance(error, Terminated)
        return _fail(name, *(("terminated", 143) if terminated else ("interrupted", 130)))
    except BrokenPipeError:
        # The reader of our output left; there is nobody to tell, and what is still to be written
        # must not fail again when Python ends.
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
