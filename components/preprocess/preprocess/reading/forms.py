"""The forms in which exports write numbers and dates, as patterns of Arrow (RE2).

A number may have one sign of what it counts, such as `$`, `%` or `kg`, a decimal comma, groups of
three digits, and another minus than that of ASCII.
"""

import re
from dataclasses import dataclass
from itertools import product

import pyarrow as pa
import pyarrow.compute as pc
from pandas import Series, to_datetime

from preprocess.reading.kinds import PLAIN_NUMBER


def _shape(date_format: str) -> str:
    """Return a pattern that every date of a format has."""
    fields = {"%Y": "[0-9]{4}", "%y": "[0-9]{2}", "%p": "[A-Za-z]{2}"}
    text = date_format.replace(".", "[.]").replace(" ", " +")
    return f"^{re.sub('%.', lambda found: fields.get(found[0], '[0-9]{1,2}'), text)}$"


MINUS = "‐‑‒–—−﹣-"
_SPACE = " \u00a0\u2009\u202f"
_SIGNS = f"[-+{MINUS}]"
_EXPONENT = "(?:[eE][+-]?[0-9]+)?"
# Without leading zeros, and with no more digits than a double holds, which would be a code.
_WHOLE = "(?:0|[1-9][0-9]{0,14})"
_CODES = "USD|EUR|GBP|JPY|CHF|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|KRW|TRY|Rs|kr"
_BEFORE = rf"(?:[A-Z]{{0,3}}\p{{Sc}}|(?:{_CODES})\.?)"
# Without a bound: RE2 would write out the class once for each letter, which takes longer than all
# the rest of the step on a small table.
_UNIT = r"[\pL°µ%‰/][\pL°µ%‰/²³*·^. -]*[23]?"
MOST_OF_A_SIGN = 15
_AFTER = rf"(?:[A-Z]{{0,3}}\p{{Sc}}|{_UNIT})"
_BODY = rf"(?:[0-9](?:[0-9.,'’{_SPACE}]*[0-9.,])?|[.,][0-9]+){_EXPONENT}"
NUMBER = (
    rf"^(?P<outer>{_SIGNS}?)[{_SPACE}]*(?P<before>{_BEFORE})?[{_SPACE}]*(?P<inner>{_SIGNS}?)"
    rf"(?P<body>{_BODY})[{_SPACE}]*(?P<after>{_AFTER})?$"
)
DATE = r"^[0-9]{1,4}[/.-][0-9]{1,2}[/.-][0-9]{1,4}(?:[ T].*)?$"
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_DAYS = (
    *(
        day.replace("/", between)
        for day in ("%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d")
        for between in "/.-"
    ),
    *("%d/%m/%y", "%m/%d/%y", "%y/%m/%d"),
)
# Most formats are no format of a column by their patterns alone, which takes less time to tell.
DATE_FORMATS = {each: _shape(each) for each in (f"{day}{time}" for time in _TIMES for day in _DAYS)}
# The pattern of each sign between digits.
SEPARATORS = {".": r"\.", ",": ",", "'": "['’]", " ": f"[{_SPACE}]"}
_CLASSES = {"": "", **SEPARATORS}


@dataclass(frozen=True)
class Style:
    """The decimal sign of a number, and what is between its groups of three digits."""

    decimal: str = "."
    thousands: str = ""

    @property
    def body(self) -> str:
        """The pattern of the digits and their separators."""
        point = _CLASSES[self.decimal]
        whole, exponent = _WHOLE, _EXPONENT
        if self.thousands:
            group = f"{_CLASSES[self.thousands]}[0-9]{{3}}"
            whole, exponent = f"(?:[1-9][0-9]{{0,2}}(?:{group})+|{_WHOLE})", ""
        return f"(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+){exponent}"

    def pattern(self, sign: str) -> str:
        """Return the pattern of a number with, or without, a sign of what it counts."""
        what = f"(?:{_escaped(sign)})?" if sign else ""
        gap = f"[{_SPACE}]*"
        return f"^{_SIGNS}?{gap}{what}{gap}{_SIGNS}?{self.body}{gap}{what}$"

    def plain(self, text: Series, sign: str) -> Series:
        """Return numbers that fit the pattern as those of Python."""
        array = pa.array(text)
        if sign:
            array = pc.replace_substring(array, sign, "")
        for pattern, new in (
            (f"[{MINUS}]", "-"),
            (f"[{_SPACE}]", ""),
            (_CLASSES[self.thousands], ""),
            (_CLASSES[self.decimal], "."),
        ):
            if pattern:
                array = pc.replace_substring_regex(array, pattern, new)
        return Series(array, index=text.index, dtype="str")


STYLES = tuple(
    Style(decimal, thousands)
    for decimal, thousands in product(".,", ("", ",", ".", " ", "'"))
    if decimal != thousands
)


def matches(text: Series, pattern: str) -> Series:
    """Return for each value whether it matches a pattern of Arrow; a missing one does not."""
    found = pc.fill_null(pc.match_substring_regex(pa.array(text), pattern), False)
    return Series(found.to_numpy(zero_copy_only=False), index=text.index)


def is_plain_number(text: Series) -> Series:
    """Return for each value whether Python reads it as the same number."""
    return matches(text, f"^{PLAIN_NUMBER}$")


def parse_format(text: Series, date_format: str) -> Series:
    """Parse dates of a format to milliseconds without zone; what does not fit is missing."""
    utc = "%z" in date_format
    dates = to_datetime(text, format=date_format, errors="coerce", utc=utc)
    return (dates.dt.tz_localize(None) if utc else dates).astype("datetime64[ms]")


def _escaped(text: str) -> str:
    # RE2 refuses a backslash before other characters than those of ASCII's punctuation.
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)
