"""The cleaning of a table: edit it here.

`clean` is called once for each batch of rows, so it must treat a row alike whatever the batch:
rows may be changed and columns added or dropped, but nothing may be computed over a whole column.

A served model makes the texts in MISSING missing, too, but it does not call `clean`.
"""

from collections import Counter
from contextlib import suppress

import numpy as np
from pandas import DataFrame, Series

from pinion_step.errors import StepError
from preprocess.reading.text_bytes import only_bytes_between

# Text that stands for a missing value. A lone "-" is not among them: it is a category in some
# tables and a sign in others.
MISSING = ("", "?", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
_NUMBERS = ("float64", "Int64", "UInt64")
# Behind the digits and signs, before the letters.
_MOST_PLAIN = ">"
_PLAIN_MARKERS = tuple(marker for marker in MISSING if marker and max(marker) <= _MOST_PLAIN)


def clean(frame: DataFrame) -> DataFrame:
    """Return the frame with plain names and text, and with one kind of missing value.

    Text columns have the type `str`, numbers `float64`, booleans `boolean`, dates `datetime64[ms]`;
    a target of 64-bit integers has `Int64` or `UInt64`, so that large labels keep their digits.
    """
    return strip_names(frame).apply(clean_column)


def strip_names(frame: DataFrame) -> DataFrame:
    """Strip white space around column names.

    Raises `StepError` if two names become equal, or if one becomes empty.
    """
    names = [str(name).strip() for name in frame.columns]
    if "" in names:
        raise StepError(
            f"--dataset: column {names.index('') + 1} of {len(names)} has no name; name it"
        )
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise StepError(
            f"--dataset: {count} columns are named {name!r} once white space is stripped; rename"
            " them"
        )
    return frame.set_axis(names, axis="columns")


def clean_column(column: Series) -> Series:
    """Strip text and make missing what stands for it; an infinite number is missing too."""
    if column.dtype == "str":
        # Of numbers, most often, there is nothing to strip and little to look for.
        plain = only_bytes_between(column, "!", _MOST_PLAIN)
        text = column if plain else column.str.strip()
        markers = _PLAIN_MARKERS if plain else MISSING
        if not markers:
            return text
        missing = text.isin(markers)
        return text.mask(missing) if missing.any() else text
    if column.dtype == "float64":
        return column.where(np.isfinite(column))
    return column


def without_markers(column: Series, markers: tuple[str, ...]) -> Series:
    """Make missing what a caller says stands for it: text, or a number written like the marker."""
    if column.dtype == "str":
        missing = column.isin(markers)
    elif column.dtype in _NUMBERS:
        missing = column.isin(list(_as_numbers(markers)))
    else:
        return column
    return column.mask(missing) if missing.any() else column


def count_markers(column: Series, markers: tuple[str, ...]) -> Counter[str]:
    """Count the numbers in a column of a Parquet file that are markers, by the marker."""
    if column.dtype not in _NUMBERS:
        return Counter()
    found = {
        marker: int((column == number).sum()) for number, marker in _as_numbers(markers).items()
    }
    return Counter({marker: count for marker, count in found.items() if count})


def _as_numbers(markers: tuple[str, ...]) -> dict[float, str]:
    """Return the markers that are numbers, such as -999, in the columns of a Parquet file."""
    numbers: dict[float, str] = {}
    for marker in markers:
        with suppress(ValueError):
            numbers.setdefault(float(marker), marker)
    return numbers
