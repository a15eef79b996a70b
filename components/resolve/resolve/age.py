"""How old a champion may become, such as 30d."""

import re
from argparse import ArgumentTypeError

_SECONDS = {"d": 86_400, "h": 3_600, "m": 60}
# 99999 days are more than the field is old.
_AGE = re.compile(r"(?P<number>[1-9]\d{0,4})(?P<unit>[dhm])")


def max_age(text: str) -> int | None:
    """Parse days, hours or minutes into seconds; a `type` of argparse. Empty is None."""
    if not text.strip():
        return None
    found = _AGE.fullmatch(text)
    if found is None:
        raise ArgumentTypeError(
            f"{text!r:.80} is not an age; give a whole number with d, h or m for days, hours or"
            " minutes, such as 30d"
        )
    return int(found["number"]) * _SECONDS[found["unit"]]
