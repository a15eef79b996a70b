"""Read a step's log: why the step failed, and how far it is."""

import re
from collections.abc import Iterable
from pathlib import Path

_ERROR = re.compile(r"^\w+: error: ")
_PROGRESS = re.compile(r"^\w+: progress: ")
# Bytes at the end of a log that are searched for progress.
_TAIL = 8192


def last_words(log: Path) -> str:
    """Return the last line, without the prefix that a component puts before its errors."""
    return last_line(log.read_text(errors="replace").splitlines()) or "it printed nothing"


def last_line(lines: Iterable[str]) -> str:
    """Return the last of a log's lines as `last_words` does; empty if there is none."""
    messages = [line.strip() for line in lines if line.strip() and not _PROGRESS.match(line)]
    return _ERROR.sub("", messages[-1]) if messages else ""


def last_progress(log: Path) -> str:
    """Return the step's latest progress; empty if it has reported none.

    After a failed attempt, only the progress of the next attempt counts.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        # The log does not exist yet.
        return ""
    told = (line for line in reversed(lines) if _ERROR.match(line) or _PROGRESS.match(line))
    last = next(told, "")
    return _PROGRESS.sub("", last).strip() if _PROGRESS.match(last) else ""
