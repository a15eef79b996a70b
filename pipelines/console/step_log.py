"""What a step says of itself in its log: why it failed, and how far it is."""

import re
from pathlib import Path

_ERROR = re.compile(r"^\w+: error: ")
_PROGRESS = re.compile(r"^\w+: progress: ")
# Of the end of a log, in which to look for progress: bytes.
_TAIL = 8192


def last_words(log: Path) -> str:
    """The last line, without the name that a component begins its own with."""
    lines = log.read_text(errors="replace").strip().splitlines()
    said = [line.strip() for line in lines if not _PROGRESS.match(line)]
    return _ERROR.sub("", said[-1]) if said else "it printed nothing"


def last_progress(log: Path) -> str:
    """How far the step is, by its latest line that says so; empty where there is none.

    Of a step that is tried again, what it said before it failed does not count.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        # Not written yet.
        return ""
    for line in reversed(lines):
        if _ERROR.match(line):
            return ""
        if _PROGRESS.match(line):
            return _PROGRESS.sub("", line).strip()
    return ""
