"""The four kinds of columns: which kind a column has, and its values in the type of that kind.

A text column is

- numeric if every value is a number, such as `-5`, `.5` or `1e3`. Digits that are a code rather
  than a quantity make it categorical: `007`, or more than 15 of them, which a double cannot hold;
- boolean if every value is one of true, false, yes, no, t, f, y, n, in any case. 0 and 1 are
  numbers;
- a date if every value is an ISO 8601 date or date-time. A zone is converted to UTC;
- else categorical.
"""

from enum import StrEnum

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas import Series

from pinion_step.reading.readings import FALSE, TRUE, parse_dates
from pinion_step.reading.readings import fits as fits_form
from preprocess.reading.forms import is_one_of, is_plain_number
from preprocess.reading.text_bytes import holds

_FIRST_LOOK = 100


class Kind(StrEnum):
    """What the values of a column are."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    DATE = "date"


ARROW_TYPES = {
    Kind.NUMERIC: pa.float64(),
    Kind.CATEGORICAL: pa.string(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.timestamp("ms"),
}


def declared_kind(column: Series) -> Kind | None:
    """Return the kind that the type of a column settles, or None for text."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return Kind.BOOLEAN
    if pd.api.types.is_numeric_dtype(column.dtype):
        return Kind.NUMERIC
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return Kind.DATE
    return None


def fits(text: Series, kind: Kind) -> Series:
    """Return for each value of a text column, none of them missing, whether it is of the kind."""
    if kind is Kind.NUMERIC:
        fit = read_numbers(text) is not None or is_plain_number(text)
        return Series(fit, index=text.index)
    if kind is Kind.BOOLEAN:
        lower = pc.utf8_lower(pa.array(text))
        return Series(is_one_of(lower, TRUE + FALSE), index=text.index)
    if kind is Kind.DATE and not holds(text, "-"):
        return Series(False, index=text.index)
    return fits_form(text, kind)


def to_kind(column: Series, kind: Kind) -> Series:
    """Convert a cleaned column whose values all fit the kind to its type."""
    if declared_kind(column) == kind:
        return column
    match kind:
        case Kind.NUMERIC:
            numbers = pc.cast(pa.array(column), pa.float64()).to_numpy(zero_copy_only=False)
            values = Series(numbers, index=column.index, dtype="float64")
            infinite = np.isinf(numbers)
            return values.mask(infinite) if infinite.any() else values
        case Kind.BOOLEAN:
            return column.str.lower().isin(TRUE).astype("boolean").mask(column.isna())
        case Kind.DATE:
            return parse_dates(column)
        case Kind.CATEGORICAL:
            return column


def read_numbers(text: Series) -> Series | None:
    """Read text as numbers; None if Arrow cannot, though a slower reader may still be able to."""
    try:
        # Else each text of a long column would be tried, and its failure written out.
        to_kind(text.head(_FIRST_LOOK), Kind.NUMERIC)
        values = to_kind(text, Kind.NUMERIC)
    except pa.ArrowInvalid:
        return None
    # Arrow takes `-nan` and `inf` for numbers, and 1e999 for an infinite one.
    return values if values.isna().sum() == text.isna().sum() else None
