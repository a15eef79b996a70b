"""Report a broken `.venv` in one line instead of a traceback, and have it made again."""

import sys
from pathlib import Path
from types import TracebackType

# build-support/setup writes COMPLETE last of all, and reads DAMAGED.
COMPLETE = "complete"
DAMAGED = "damaged"


def watch() -> None:
    """Check `.venv` on an unexpected error: a module that a power cut broke may be the cause."""
    sys.excepthook = _report


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not (message := issubclass(kind, Exception) and mend(Path(sys.prefix))):
        sys.__excepthook__(kind, error, trace)
    else:
        print(f"pinion: error: {message}", file=sys.stderr)


def mend(venv: Path) -> str:
    """Mark an environment to be made again if it is broken; return one line on it, else ""."""
    # Imported here, because every command imports this module and hardly any needs it.
    from pipelines.environments.damage import find_damage

    # An environment without that file was made by somebody else.
    if not (venv / COMPLETE).exists() or not (damage := find_damage(venv, COMPLETE, content=True)):
        return ""
    try:
        (venv / DAMAGED).write_text(" ".join(damage.distributions))
        (venv / COMPLETE).unlink()
    except OSError as error:
        return f"{venv} is damaged ({damage}), and cannot be repaired: {error.strerror}"
    return f"{venv} is damaged ({damage}); run make setup to repair it"
