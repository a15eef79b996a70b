"""Why a step failed, as it said itself: the last line of its log."""

import re
from pathlib import Path


def last_words(log: Path) -> str:
    """The last line, without the name that a component begins its own with."""
    lines = log.read_text(errors="replace").strip().splitlines()
    return re.sub(r"^\w+: error: ", "", lines[-1].strip()) if lines else "it printed nothing"
