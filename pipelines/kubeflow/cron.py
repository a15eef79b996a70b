"""Check a schedule, and translate the five fields of crontab into KFP's six."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.system.errors import UsageError

_WORDS = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")
_EVERY = re.compile(r"@every (?=\d)(\d+h)?(\d+m)?(\d+s)?")
# The largest number of days of each month.
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_EXAMPLE = "five fields (minute hour day month weekday), such as '0 3 * * 1-5', or @daily"


@dataclass(frozen=True)
class _Field:
    """One field; its names stand for the numbers from the lowest one on."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def values(self, text: str) -> set[int]:
        """Return the numbers that a field stands for.

        Raises `ValueError`, without a message, if the field is not valid.
        """
        return {value for part in text.split(",") for value in self._part(part)}

    def _part(self, text: str) -> Iterable[int]:
        span, slash, step = text.partition("/")
        first, dash, last = span.partition("-")
        if first in ("*", "?") and not dash:
            low, high = self.low, self.high
        else:
            low = self._number(first)
            # KFP reads `5/10` as every tenth from 5 on.
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
        """The values that a field may have, in words."""
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
    """Return a schedule in KFP's form: six fields, the first of which is the second, or a word.

    Raises `UsageError`, in one line, that names the field, its value and the allowed values.
    """
    fields = text.split()
    if text.strip().startswith("@"):
        return _word(text, " ".join(fields).lower())
    if len(fields) == len(_FIELDS):
        # KFP would read the first of five fields as the second, and run every hour instead of once
        # a day.
        fields.insert(0, "0")
    if len(fields) != len(_FIELDS) + 1:
        raise UsageError(f"--schedule {text!r} has {len(fields)} fields; give {_EXAMPLE}")
    values = [
        _values(text, field, each) for field, each in zip((_SECOND, *_FIELDS), fields, strict=True)
    ]
    days, months = values[3], values[4]
    if fields[5][0] in "*?" and not any(min(days) <= _DAYS[month - 1] for month in months):
        raise UsageError(
            f"--schedule {text!r} never runs: month {fields[4]} has no day {fields[3]}"
        )
    return " ".join(fields)


def shown(cron: str) -> str:
    """Return a schedule of KFP's as the user wrote it."""
    fields = cron.split()
    return " ".join(fields[1:]) if len(fields) == len(_FIELDS) + 1 and fields[0] == "0" else cron


def _word(text: str, word: str) -> str:
    every = _EVERY.fullmatch(word)
    if word in _WORDS or (every and any(int(each[:-1]) for each in every.groups() if each)):
        return word
    raise UsageError(
        f"--schedule {text!r} is not a schedule; give {_EXAMPLE}, another of"
        f" {', '.join(_WORDS)}, or @every 6h (with h, m and s)"
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
