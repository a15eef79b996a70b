"""Check a schedule, and translate the five fields of crontab into KFP's six."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from pipelines.system.errors import UsageError

# The words that KFP knows, and the fields that they stand for.
_WORDS = {
    "@hourly": "0 0 * * * *",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@weekly": "0 0 0 * * 0",
    "@monthly": "0 0 0 1 * *",
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
}
_WORD = re.compile(rf"{'|'.join(_WORDS)}|@every (?=.*[1-9])([0-9]+h)?([0-9]+m)?([0-9]+s)?")
_EXAMPLE = "five fields (minute hour day month weekday), such as '0 3 * * 1-5', or @daily"
# All values, one, or a range, and the width of a step.
_PART = re.compile(r"(?:[*?]|([0-9]+|[a-z]+)(?:-([0-9]+|[a-z]+))?)(?:/(0*[1-9][0-9]*))?")
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
        if any(_values(part, low, high, names) is None for part in value.lower().split(",")):
            named = f" (or {names[0]} to {names[-1]})" if names else ""
            raise UsageError(
                f"--schedule {text!r}: {name} {value!r} is not {low} to {high}{named}, *, a list"
                " (1,3), a range (1-3) or steps (*/2)"
            )
    return " ".join(fields)


@dataclass(frozen=True)
class Field:
    """The values of one field of a schedule; `every` if it begins with * or ?."""

    values: frozenset[int]
    every: bool


def fields_of(cron: str) -> Mapping[str, Field] | None:
    """Return the fields of a schedule of KFP's by name; None for an interval or one it refuses."""
    given = _WORDS.get(cron.lower(), cron).lower().split()
    # KFP lets the last of its six fields be left out.
    texts = [*given, "*"] if len(given) == len(_FIELDS) - 1 else given
    if len(texts) != len(_FIELDS):
        return None
    found = {}
    for text, (name, limits) in zip(texts, _FIELDS.items(), strict=True):
        parts = text.split(",")
        ranges = [each for part in parts if (each := _values(part, *limits)) is not None]
        if len(ranges) < len(parts):
            return None
        every = any(part[0] in "*?" for part in parts)
        found[name] = Field(frozenset().union(*ranges), every)
    return found


def interval_of(cron: str) -> timedelta | None:
    """Return the interval of a schedule such as @every 6h; None for another kind."""
    match = _WORD.fullmatch(cron.lower())
    if not match or not any(match.groups()):
        return None
    hours, minutes, seconds = (int(each[:-1]) if each else 0 for each in match.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _values(part: str, low: int, high: int, names: tuple[str, ...]) -> range | None:
    """Return the values of one part of a field; None if KFP does not read it."""
    match = _PART.fullmatch(part)
    given = [each for each in match.groups()[:2] if each] if match else []
    if not match or any(each.isalpha() and each not in names for each in given):
        return None
    numbers = [low + names.index(each) if each in names else int(each) for each in given]
    if [low, *numbers, high] != sorted([low, *numbers, high]):
        return None
    step = int(match[3] or 1)
    # A step after one value goes on to the highest.
    last = high if match[3] and len(numbers) < 2 else max(numbers, default=high)
    return range(min(numbers, default=low), last + 1, step)


def shown(cron: str) -> str:
    """Return a schedule of KFP's as the user wrote it."""
    fields = cron.split()
    return " ".join(fields[1:]) if len(fields) == len(_FIELDS) and fields[0] == "0" else cron
