"""Says that `.venv` is broken, instead of a traceback, and has it made anew."""

import sys
from pathlib import Path
from types import TracebackType

# build-support/setup writes the first, last of all, and reads the second.
COMPLETE = "complete"
DAMAGED = "damaged"


def watch() -> None:
    """Look at what no command foresees: a module that a power cut broke may be the cause."""
    sys.excepthook = _report


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not (said := issubclass(kind, Exception) and mend(Path(sys.prefix))):
        sys.__excepthook__(kind, error, trace)
    else:
        print(f"pinion: error: {said}", file=sys.stderr)


def mend(venv: Path) -> str:
    """Have an environment made again if it is broken, and return one line on that, else nothing."""
    # Here, because every command imports this, and none needs it.
    from pipelines.environments.damage import find_damage

    # Without it, it is an environment that somebody else made.
    if not (venv / COMPLETE).exists() or not (damage := find_damage(venv, COMPLETE, content=True)):
        return ""
    try:
        (venv / DAMAGED).write_text(" ".join(damage.distributions))
        (venv / COMPLETE).unlink()
    except OSError as error:
        return f"{venv} is damaged ({damage}), and cannot be made anew: {error.strerror}"
    return f"{venv} is damaged ({damage}); run make setup, which makes it anew"
