"""Read rows as they stand in a file, in the way that was decided when the model was trained.

It needs pandas alone. `schema` is the content of the model's `schema.json`:

    rows = read(frame, schema)
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any

from pinion_step.reading.readings import (
    BOOLEAN,
    CATEGORICAL,
    DATE,
    FURTHER_MARKERS,
    NUMERIC,
    TRUE,
    Reading,
    fitting,
    parse_dates,
)

if TYPE_CHECKING:
    from pandas import DataFrame, Series

_PLURALS = {NUMERIC: "numbers", CATEGORICAL: "text", BOOLEAN: "booleans", DATE: "dates"}
_TYPES = {NUMERIC: "float64", CATEGORICAL: "str", BOOLEAN: "object", DATE: "datetime64[ms]"}


def read(frame: DataFrame, schema: Mapping[str, Any]) -> DataFrame:
    """Return the features of rows in the types that the model was fitted on.

    Values that are read already, such as 1200.0, stay as they are. Raises ValueError that names
    the column, the row and the value if one cannot be read.
    """
    import pandas as pd

    features = schema["features"]
    lacking = [feature["name"] for feature in features if feature["name"] not in frame]
    if lacking:
        raise ValueError(f"the column {lacking[0]!r} is missing; give every feature of the model")
    markers = tuple(schema.get("missing_markers", [""]))
    columns = {each["name"]: _read_column(frame[each["name"]], each, markers) for each in features}
    return pd.DataFrame(columns).set_axis(frame.index)


def _read_column(column: Series, feature: Mapping[str, Any], markers: tuple[str, ...]) -> Series:
    import pandas as pd

    kind, reading = feature["kind"], Reading.from_document(feature.get("reading"))
    missing = (*markers, *reading.markers, *(() if kind == CATEGORICAL else FURTHER_MARKERS))
    given = column.reset_index(drop=True)
    if kind == NUMERIC and pd.api.types.is_numeric_dtype(given):
        return _numbers(given, missing)
    given = given.astype(object).dropna()
    is_text = given.map(lambda value: isinstance(value, str)).astype(bool)
    texts = given[is_text].astype("str").str.strip()
    texts = texts[~texts.isin(missing)]
    others = given[~is_text]
    fit = [_of_texts(texts, kind, reading), _of_others(others, kind, reading)]
    found = pd.concat([each for each in fit if len(each)] or fit[:1])
    if not reading.lenient and len(found) < len(texts) + len(others):
        present = pd.concat([texts.astype(object), others]).sort_index()
        raise ValueError(_refusal(column, kind, present, present.drop(found.index)))
    values = found.reindex(given.index.union(range(len(column)))).astype(_TYPES[kind])
    if kind == NUMERIC:
        return _numbers(values, missing)
    if kind == BOOLEAN:
        return (
            values.astype(bool) if len(found) == len(column) else values.where(values.notna(), None)
        )
    return values


def _of_texts(texts: Series, kind: str, reading: Reading) -> Series:
    """Return the values of the texts that fit."""
    fit, plain = reading.plain(texts, kind)
    if kind == DATE and reading.date_format:
        # JSON has no dates, so dates that are read already are text, too.
        is_read = ~fit & fitting(texts, DATE)
        fit, plain = fit | is_read, plain.where(~is_read, texts)
    plain = plain[fit]
    if kind == NUMERIC:
        return plain.astype("float64")
    if kind == BOOLEAN:
        return plain.str.lower().isin(TRUE)
    return parse_dates(plain) if kind == DATE else plain


def _of_others(values: Series, kind: str, reading: Reading) -> Series:
    """Return the values that are not text, and fit."""
    import pandas as pd

    if kind == CATEGORICAL:
        # A number may have lost the zeros before it, unless the column held numbers in training.
        return values[[reading.lenient] * len(values)].map(as_text).astype("str")
    if kind == DATE:
        dates = values[values.map(lambda value: isinstance(value, date)).astype(bool)]
        return pd.to_datetime(dates, utc=True).dt.tz_localize(None)
    types = pd.api.types
    fit = values.map(lambda value: types.is_number(value) or types.is_bool(value)).astype(bool)
    numbers = values[fit].astype("float64")
    return numbers if kind == NUMERIC else numbers[numbers.isin((0, 1))].astype(bool)


def _numbers(column: Series, missing: tuple[str, ...]) -> Series:
    """Return finite doubles; a marker may be a number, such as -999."""
    values = column.astype("Float64").astype("float64")
    none = [float("inf"), float("-inf")]
    for marker in missing:
        with suppress(ValueError):
            none.append(float(marker))
    return values.mask(values.isin(none))


def as_text(value: object) -> str:
    """Return a value of a typed column as the category that it is."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if str(value) in ("True", "False") else str(value)


def _refusal(column: Series, kind: str, present: Series, misfits: Series) -> str:
    """Return what is wrong with the first value that does not fit, and where it is."""
    place = misfits.index[0]
    row = column.index[place]
    first = " (the first row is 0)" if row == place else ""
    count = f"{len(misfits)} of {len(present)} value{'s' if len(present) > 1 else ''}"
    return (
        f"column {column.name!r} holds {_PLURALS[kind]}, but {count}"
        f" {'is' if len(misfits) == 1 else 'are'} not: {misfits[place]!r:.80} in row {row}{first};"
        " correct it, or leave it empty"
    )
