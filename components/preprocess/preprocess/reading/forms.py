"""The forms in which exports write numbers and dates, as patterns of Arrow (RE2).

A number may have one sign of what it counts, such as `$`, `%` or `kg`, a decimal comma, groups of
three digits, and another minus than that of ASCII.
"""

import re
from collections.abc import Sequence
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pandas import Series

from pinion_step.reading.readings import (
    EXPONENT,
    FURTHER_MARKERS,
    PLAIN_NUMBER,
    SIGNS,
    SPACE,
    Style,
)
from preprocess.reading.text_bytes import holds_digits, is_ascii

Mask = NDArray[np.bool_]


def _shape(date_format: str) -> str:
    """Return a pattern that every date of a format has."""
    fields = {"%Y": "[0-9]{4}", "%y": "[0-9]{2}", "%p": "[A-Za-z]{2}"}
    text = date_format.replace(".", "[.]").replace(" ", " +")
    return f"^{re.sub('%.', lambda found: fields.get(found[0], '[0-9]{1,2}'), text)}$"


_CODES = "USD|EUR|GBP|JPY|CHF|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|KRW|TRY|Rs|kr"
MOST_OF_A_SIGN = 15
_BODY = rf"(?:[0-9](?:[0-9.,'’{SPACE}]*[0-9.,])?|[.,][0-9]+){EXPONENT}"


def _number(letters: str, currency: str) -> str:
    before = rf"(?:[A-Z]{{0,3}}{currency}|(?:{_CODES})\.?)"
    # Without a bound: RE2 would write out the class once for each letter, which takes longer than
    # all the rest of the step on a small table.
    unit = rf"[{letters}°µ%‰/][{letters}°µ%‰/²³*·^. -]*[23]?"
    after = rf"(?:[A-Z]{{0,3}}{currency}|{unit})"
    return (
        rf"^(?P<outer>{SIGNS}?)[{SPACE}]*(?P<before>{before})?[{SPACE}]*(?P<inner>{SIGNS}?)"
        rf"(?P<body>{_BODY})[{SPACE}]*(?P<after>{after})?$"
    )


NUMBER = _number(r"\pL", r"\p{Sc}")
# RE2 compiles this one, which finds the same in ASCII, in a fraction of the time.
_ASCII_NUMBER = _number("A-Za-z", "[$]")
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
STYLES = tuple(
    Style(decimal, thousands)
    for decimal, thousands in product(".,", ("", ",", ".", " ", "'"))
    if decimal != thousands
)


def number_pattern(text: Series) -> str:
    """Return the pattern of a number in any form, for texts such as these."""
    return _ASCII_NUMBER if is_ascii(text) else NUMBER


def look_like_numbers(text: Series) -> Mask:
    """Return for each value whether it is a number in any form."""
    if not holds_digits(text):
        return np.zeros(len(text), bool)
    return matches(text, number_pattern(text))


def matches(text: Series | pa.Array, pattern: str) -> Mask:
    """Return for each value whether it matches a pattern of Arrow; a missing one does not."""
    array = text if isinstance(text, pa.Array) else pa.array(text)
    return _mask(pc.match_substring_regex(array, pattern))


def is_plain_number(text: Series | pa.Array) -> Mask:
    """Return for each value whether Python reads it as the same number."""
    return matches(text, f"^{PLAIN_NUMBER}$")


def is_marker(text: Series) -> Mask:
    """Return for each value whether it is missing where all others are of a stricter kind."""
    return is_one_of(pa.array(text), FURTHER_MARKERS)


def is_one_of(array: pa.Array, words: Sequence[str]) -> Mask:
    """Return for each text whether it is one of the words."""
    return _mask(pc.is_in(array, pa.array(words, array.type)))


def _mask(found: pa.Array | pa.ChunkedArray) -> Mask:
    mask: Mask = pc.fill_null(found, False).to_numpy(zero_copy_only=False)
    return mask
