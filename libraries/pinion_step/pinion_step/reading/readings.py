"""How the text of one column is read, beyond what its kind says.

A reading is decided once, from all values, and written into the schema, so that it can be applied
to further rows alone. It needs pandas only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pandas import Series

NUMERIC, CATEGORICAL, BOOLEAN, DATE = "numeric", "categorical", "boolean", "date"
TRUE = ("true", "yes", "t", "y")
FALSE = ("false", "no", "f", "n")
PLAIN_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
_ZONE = r" ?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
_DATE = f"{_DAY}(?:[T ]{_TIME}(?:{_ZONE})?)?"
_ISO = "%Y-%m-%dT%H:%M:%S.%f"

# Text that is missing where all other values of a column are numbers, dates or booleans. Elsewhere
# it may be a category.
_WORDS = ("-", ".", "#N/A", "#DIV/0!", "<NA>", "n.a.", "None", "null")
# As programs print numbers that are none.
_NOT_FINITE = ("nan", "NaN", "inf", "Inf", "INF", "infinity", "Infinity")
FURTHER_MARKERS = (*_WORDS, *(sign + word for sign in ("", "-", "+") for word in _NOT_FINITE))

MINUS = "‐‑‒–—−﹣-"
SPACE = " \u00a0\u2009\u202f"
SIGNS = f"[-+{MINUS}]"
EXPONENT = "(?:[eE][+-]?[0-9]+)?"
# Without leading zeros, and with no more digits than a double holds, which would be a code.
_WHOLE = "(?:0|[1-9][0-9]{0,14})"
# The pattern of each sign between digits.
SEPARATORS = {".": r"\.", ",": ",", "'": "['’]", " ": f"[{SPACE}]"}
_CLASSES = {"": "", **SEPARATORS}


@dataclass(frozen=True)
class Style:
    """The decimal sign of a number, and what is between its groups of three digits.

    The patterns are those of Python as well as of Arrow (RE2).
    """

    decimal: str = "."
    thousands: str = ""

    @property
    def body(self) -> str:
        """The pattern of the digits and their separators."""
        point = _CLASSES[self.decimal]
        whole, exponent = _WHOLE, EXPONENT
        if self.thousands:
            group = f"{_CLASSES[self.thousands]}[0-9]{{3}}"
            whole, exponent = f"(?:[1-9][0-9]{{0,2}}(?:{group})+|{_WHOLE})", ""
        return f"(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+){exponent}"

    def pattern(self, sign: str) -> str:
        """Return the pattern of a whole number with, or without, a sign of what it counts."""
        what = f"(?:{_escaped(sign)})?" if sign else ""
        gap = f"[{SPACE}]*"
        # A minus stands before the sign or behind it, but not twice.
        before = f"(?:{SIGNS}{gap}{what}{gap}|{what}{gap}{SIGNS}?)"
        return f"{before}{self.body}{gap}{what}"

    def plain(self, text: Series, sign: str) -> Series:
        """Return numbers that fit the pattern as those of Python."""
        text = text.str.replace(sign, "", regex=False) if sign else text
        for pattern, new in (
            (f"[{MINUS}]", "-"),
            (f"[{SPACE}]", ""),
            (_CLASSES[self.thousands], ""),
            (_CLASSES[self.decimal], "."),
        ):
            if pattern:
                text = text.str.replace(pattern, new, regex=True)
        return text


@dataclass(frozen=True)
class Reading:
    """How text becomes a value of a kind; the defaults are the plain forms.

    It is decided once, from all values of a column, and written into the schema.
    """

    # What is missing here, beside the markers of the whole table.
    markers: tuple[str, ...] = ()
    # What a number counts, such as "$" or "kg"; it is removed.
    sign: str = ""
    decimal: str = "."
    thousands: str = ""
    # Whether a minus is written with another character than that of ASCII.
    minus: bool = False
    # In the words of strptime; without it, dates are those of ISO 8601.
    date_format: str = ""
    # Whether what does not fit the kind is missing too, as the caller set the kind.
    lenient: bool = False

    @property
    def has_form(self) -> bool:
        """Whether numbers or dates have another form than the plain one."""
        return bool(self.sign or self.thousands or self.minus or self.date_format) or (
            self.decimal != "."
        )

    def plain(self, text: Series, kind: str) -> tuple[Series, Series]:
        """Return which values of a text column fit, and these in the plain form of the kind."""
        if kind == BOOLEAN and self.lenient:
            # Else 0 and 1 are numbers.
            text = text.replace({"1": TRUE[0], "0": FALSE[0]})
        if kind == DATE and self.date_format:
            dates = parse_format(text, self.date_format)
            return dates.notna(), dates.dt.strftime(_ISO).astype("str")
        if kind == NUMERIC and self.has_form:
            style = Style(self.decimal, self.thousands)
            fit = text.str.fullmatch(style.pattern(self.sign), na=False).astype(bool)
            return fit, style.plain(text.where(fit), self.sign)
        return fitting(text, kind), text

    def document(self) -> dict[str, Any] | None:
        """Return what is written to JSON, or None if nothing was decided."""
        found = asdict(self) | {"markers": list(self.markers)}
        found["decimal"] = "" if self.decimal == "." else self.decimal
        return {key: value for key, value in found.items() if value} or None

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> Self:
        """Parse what `document` wrote; raises TypeError or ValueError if it is something else."""
        given = dict(document or {})
        markers = given.pop("markers", [])
        return cls(markers=tuple(map(str, markers)), **given)


PLAIN = Reading()


def fits(text: Series, kind: str) -> Series:
    """Return for each value of a text column, none of them missing, whether it is of the kind."""
    if kind == NUMERIC:
        return text.str.fullmatch(PLAIN_NUMBER)
    if kind == BOOLEAN:
        return text.str.lower().isin(TRUE + FALSE)
    if kind == DATE:
        looks = text.str.fullmatch(_DATE)
        return looks & parse_dates(text.where(looks)).notna() if looks.any() else looks
    return text.notna()


def fitting(text: Series, kind: str) -> Series:
    """Return for each value of a text column whether it is of the kind; a missing one is."""
    fit = text.isna()
    if not fit.all():
        fit[~fit] = fits(text[~fit], kind).astype(bool)
    return fit


def parse_dates(text: Series) -> Series:
    """Parse ISO 8601 text to dates of milliseconds without zone, in UTC if it names a zone."""
    return _parse(text, "ISO8601", utc=True)


def parse_format(text: Series, date_format: str) -> Series:
    """Parse dates of a format to milliseconds without zone; what does not fit is missing."""
    return _parse(text, date_format, utc="%z" in date_format)


def _parse(text: Series, date_format: str, utc: bool) -> Series:
    import pandas as pd

    dates = pd.to_datetime(text, format=date_format, errors="coerce", utc=utc)
    return (dates.dt.tz_localize(None) if utc else dates).astype("datetime64[ms]")


def _escaped(text: str) -> str:
    # RE2 refuses a backslash before other characters than those of ASCII's punctuation.
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)
