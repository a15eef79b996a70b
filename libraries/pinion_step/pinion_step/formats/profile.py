"""The profile of a table: how the values of each column are distributed, in one JSON document.

`preprocess` writes it, `train` keeps it with the model, and a later table is compared with it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from pinion_step.errors import StepError, reason

FORMAT = 1
# The k-th of the quantiles, counted from 0, is the one at k / STEPS.
STEPS = 200
MOST_FREQUENCIES = 100

MEASURES, CATEGORIES, TEXT = ("number", "date"), ("category", "boolean"), "text"


@dataclass(frozen=True)
class Measure:
    """A column of numbers, or of dates as seconds since 1970.

    Mean and standard deviation are None, and there are no quantiles, if no row has a value. The
    first two are also None if they are beyond what a double holds.
    """

    kind: str
    rows: int
    missing: int
    mean: float | None
    std: float | None
    quantiles: tuple[float, ...]


@dataclass(frozen=True)
class Category:
    """A column of categories or booleans: the rows of the most common values, and of the others."""

    kind: str
    rows: int
    missing: int
    distinct: int
    frequencies: Mapping[str, int]
    other: int


@dataclass(frozen=True)
class Text:
    """A column of texts that hardly ever repeat."""

    rows: int
    missing: int
    kind: str = TEXT


Column = Measure | Category | Text


@dataclass(frozen=True)
class Profile:
    """A table: hashes of its data and of how they were read, and its columns with the target."""

    dataset: str
    parameters: str
    rows: int
    target: str
    task: str
    columns: Mapping[str, Column]


def to_json(profile: Profile) -> str:
    """Return a profile as JSON, in which equal profiles have equal bytes."""
    document = {"format": FORMAT, **asdict(profile)}
    return json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str) -> Profile:
    """Parse a profile; raises ValueError, which says what is wrong, if the text is not one."""
    document = _document(json.loads(text, parse_constant=_refuse), "the profile")
    if document.get("format") != FORMAT:
        raise ValueError(f"format is {document.get('format')!r}, not {FORMAT}")
    columns = _document(document.get("columns"), "columns")
    profile = Profile(
        dataset=_text(document, "dataset"),
        parameters=_text(document, "parameters"),
        rows=_count(document, "rows"),
        target=_text(document, "target"),
        task=_text(document, "task"),
        columns={name: _column(each, name) for name, each in columns.items()},
    )
    if profile.target not in columns:
        raise ValueError(f"the target {profile.target!r} is not among the columns")
    return profile


def read_profile(path: Path, flag: str) -> Profile:
    """Read a profile that `preprocess` wrote; raises `StepError`, which names the flag, if not."""
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = error.strerror or reason(error)
    except ValueError as error:
        problem = f"not a profile ({error})"
    raise StepError(f"{flag} {path}: {problem}; give the profile that preprocess wrote")


def _column(given: Any, name: str) -> Column:
    """Parse a column; keys that this version does not know are left out."""
    column = _document(given, f"the column {name!r}")
    kind = column.get("kind")
    try:
        rows, missing = _count(column, "rows"), _count(column, "missing")
        if kind == TEXT:
            return Text(rows, missing)
        if kind in MEASURES:
            quantiles = _quantiles(column.get("quantiles"))
            return Measure(
                kind, rows, missing, _number(column, "mean"), _number(column, "std"), quantiles
            )
        if kind in CATEGORIES:
            known = _document(column.get("frequencies"), "frequencies")
            frequencies = {value: _count(known, value) for value in known}
            distinct, other = _count(column, "distinct"), _count(column, "other")
            return Category(kind, rows, missing, distinct, frequencies, other)
    except ValueError as error:
        raise ValueError(f"the column {name!r}: {error}") from None
    raise ValueError(f"the column {name!r}: kind is {kind!r}")


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _document(given: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise ValueError(f"{what} is not an object")
    return given


def _quantiles(given: Any) -> tuple[float, ...]:
    if not isinstance(given, list) or len(given) not in (0, STEPS + 1):
        raise ValueError(f"quantiles is not a list of {STEPS + 1} numbers or of none")
    if not all(map(_is_number, given)) or given != sorted(given):
        raise ValueError("quantiles are not numbers that rise")
    return tuple(map(float, given))


def _is_number(given: Any) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)


def _number(document: Mapping[str, Any], key: str) -> float | None:
    given = document.get(key)
    if given is not None and not _is_number(given):
        raise ValueError(f"{key} is {given!r}, not a number")
    return cast(float | None, given)


def _count(document: Mapping[str, Any], key: str) -> int:
    given = document.get(key)
    if not isinstance(given, int) or isinstance(given, bool) or given < 0:
        raise ValueError(f"{key} is {given!r}, not a count")
    return given


def _text(document: Mapping[str, Any], key: str) -> str:
    given = document.get(key)
    if not isinstance(given, str):
        raise ValueError(f"{key} is {given!r}, not a text")
    return given
