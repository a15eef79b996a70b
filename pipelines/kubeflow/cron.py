"""When a schedule runs: the five fields of crontab, as KFP takes them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.system.errors import UsageError

_WORDS = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")
_EVERY = re.compile(r"@every (?=\d)(\d+h)?(\d+m)?(\d+s)?")
# The most days that each month has.
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_EXAMPLE = "five fields, minute hour day month weekday, as in '0 3 * * 1-5', or @daily"


@dataclass(frozen=True)
class _Field:
    """One field; its names stand for the numbers from the lowest on."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def values(self, text: str) -> set[int]:
        """What a field means; raises `ValueError`, without a message, for what means nothing."""
        return {value for part in text.split(",") for value in self._part(part)}

    def _part(self, text: str) -> Iterable[int]:
        span, slash, step = text.partition("/")
        first, dash, last = span.partition("-")
        if first in ("*", "?") and not dash:
            low, high = self.low, self.high
        else:
            low = self._number(first)
            # To KFP `5/10` is from 5 on.
            high = self._number(last) if dash else self.high if slash else low
        width = _digits(step) if slash else 1
        if not self.low <= low <= high <= self.high or not width:
            raise ValueError
        return range(low, high + 1, width)

    def _number(self, text: str) -> int:
        if text.lower() in self.names:
            return self.low + self.names.index(text.lower())
        return _digits(text)

    @property
    def range(self) -> str:
        """What a field may hold, in words."""
        named = f" (or {self.names[0]} to {self.names[-1]})" if self.names else ""
        return f"{self.low} to {self.high}{named}, *, a list (1,3), a range (1-3) or steps (*/2)"


_SECOND = _Field("second", 0, 59)
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field(
        "month", 1, 12,
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ),
    _Field("weekday", 0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)  # fmt: skip


def kfp_cron(text: str) -> str:
    """A schedule as KFP takes it: six fields, of which the first is the second, or a word.

    Raises `UsageError`, one line, that names the field, its value and what it may hold.
    """
    fields = text.split()
    if text.strip().startswith("@"):
        return _word(text, " ".join(fields).lower())
    if len(fields) == len(_FIELDS):
        # KFP would take the first of five fields as the second, and run every hour instead.
        fields.insert(0, "0")
    if len(fields) != len(_FIELDS) + 1:
        raise UsageError(f"--schedule {text!r} has {len(fields)} fields; give {_EXAMPLE}")
    values = [
        _values(text, field, each) for field, each in zip((_SECOND, *_FIELDS), fields, strict=True)
    ]
    days, months = values[3], values[4]
    if fields[5][0] in "*?" and not any(min(days) <= _DAYS[month - 1] for month in months):
        raise UsageError(
            f"--schedule {text!r} never runs: no month {fields[4]} has a day {fields[3]}"
        )
    return " ".join(fields)


def shown(cron: str) -> str:
    """A schedule of KFP's as its user wrote it."""
    fields = cron.split()
    return " ".join(fields[1:]) if len(fields) == len(_FIELDS) + 1 and fields[0] == "0" else cron


def _word(text: str, word: str) -> str:
    every = _EVERY.fullmatch(word)
    if word in _WORDS or (every and any(int(each[:-1]) for each in every.groups() if each)):
        return word
    raise UsageError(
        f"--schedule {text!r} is none of {', '.join(_WORDS)} or @every 6h (with h, m and s), nor"
        f" {_EXAMPLE}"
    )


def _values(text: str, field: _Field, value: str) -> set[int]:
    try:
        return field.values(value)
    except ValueError:
        raise UsageError(
            f"--schedule {text!r}: {field.name} {value!r} is not {field.range}"
        ) from None


def _digits(text: str) -> int:
    if not re.fullmatch("[0-9]+", text):
        raise ValueError
    return int(text)
