"""Check a schedule, and translate the five fields of crontab into KFP's six."""

import re
from collections.abc import Mapping

from pipelines.system.errors import UsageError

_WORDS = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")
_WORD = re.compile(rf"{'|'.join(_WORDS)}|@every (?=.*[1-9])([0-9]+h)?([0-9]+m)?([0-9]+s)?")
_EXAMPLE = "five fields (minute hour day month weekday), such as '0 3 * * 1-5', or @daily"
# All values, one, or a range, and the width of a step.
_PART = re.compile(r"(?:[*?]|([0-9]+|[a-z]+)(?:-([0-9]+|[a-z]+))?)(?:/0*[1-9][0-9]*)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# Each field with its lowest and highest value, and the names of the values.
_FIELDS: Mapping[str, tuple[int, int, tuple[str, ...]]] = {
    "second": (0, 59, ()),
    "minute": (0, 59, ()),
    "hour": (0, 23, ()),
    "day": (1, 31, ()),
    "month": (1, 12, _MONTHS),
    "weekday": (0, 6, _WEEKDAYS),
}


def kfp_cron(text: str) -> str:
    """Return a schedule in KFP's form: six fields, the first of which is the second, or a word.

    Raises `UsageError`, in one line, that names the field, its value and the allowed values.
    """
    fields = text.split()
    if text.strip().startswith("@"):
        if _WORD.fullmatch(word := " ".join(fields).lower()):
            return word
        raise UsageError(
            f"--schedule {text!r} is not a schedule; give {_EXAMPLE}, another of"
            f" {', '.join(_WORDS)}, or @every 6h (with h, m and s)"
        )
    if len(fields) == len(_FIELDS) - 1:
        # KFP would read the first of five fields as the second, and run every hour instead of once
        # a day.
        fields.insert(0, "0")
    if len(fields) != len(_FIELDS):
        raise UsageError(f"--schedule {text!r} has {len(fields)} fields; give {_EXAMPLE}")
    for value, (name, (low, high, names)) in zip(fields, _FIELDS.items(), strict=True):
        if not all(_is_valid(part, low, high, names) for part in value.lower().split(",")):
            named = f" (or {names[0]} to {names[-1]})" if names else ""
            raise UsageError(
                f"--schedule {text!r}: {name} {value!r} is not {low} to {high}{named}, *, a list"
                " (1,3), a range (1-3) or steps (*/2)"
            )
    return " ".join(fields)


def _is_valid(part: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    """Return whether KFP reads one part of a field, and its numbers are in their order."""
    match = _PART.fullmatch(part)
    given = [each for each in match.groups() if each] if match else []
    if not match or any(each.isalpha() and each not in names for each in given):
        return False
    numbers = [low + names.index(each) if each in names else int(each) for each in given]
    return [low, *numbers, high] == sorted([low, *numbers, high])


def shown(cron: str) -> str:
    """Return a schedule of KFP's as the user wrote it."""
    fields = cron.split()
    return " ".join(fields[1:]) if len(fields) == len(_FIELDS) and fields[0] == "0" else cron
