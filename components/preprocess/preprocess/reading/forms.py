"""The forms in which exports write numbers and dates, as patterns of Arrow (RE2).

A number may have one sign of what it counts, such as `$`, `%` or `kg`, a decimal comma, groups of
three digits, and another minus than that of ASCII.
"""

import re
from itertools import product

import pyarrow as pa
import pyarrow.compute as pc
from pandas import Series

from pinion_step.reading.readings import EXPONENT, PLAIN_NUMBER, SIGNS, SPACE, Style


def _shape(date_format: str) -> str:
    """Return a pattern that every date of a format has."""
    fields = {"%Y": "[0-9]{4}", "%y": "[0-9]{2}", "%p": "[A-Za-z]{2}"}
    text = date_format.replace(".", "[.]").replace(" ", " +")
    return f"^{re.sub('%.', lambda found: fields.get(found[0], '[0-9]{1,2}'), text)}$"


_CODES = "USD|EUR|GBP|JPY|CHF|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|KRW|TRY|Rs|kr"
_BEFORE = rf"(?:[A-Z]{{0,3}}\p{{Sc}}|(?:{_CODES})\.?)"
# Without a bound: RE2 would write out the class once for each letter, which takes longer than all
# the rest of the step on a small table.
_UNIT = r"[\pL°µ%‰/][\pL°µ%‰/²³*·^. -]*[23]?"
MOST_OF_A_SIGN = 15
_AFTER = rf"(?:[A-Z]{{0,3}}\p{{Sc}}|{_UNIT})"
_BODY = rf"(?:[0-9](?:[0-9.,'’{SPACE}]*[0-9.,])?|[.,][0-9]+){EXPONENT}"
NUMBER = (
    rf"^(?P<outer>{SIGNS}?)[{SPACE}]*(?P<before>{_BEFORE})?[{SPACE}]*(?P<inner>{SIGNS}?)"
    rf"(?P<body>{_BODY})[{SPACE}]*(?P<after>{_AFTER})?$"
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
