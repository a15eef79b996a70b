"""What the report draws and names of a column: both distributions, in few numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from decide.drift.classes import below, categories, filled
from decide.drift.comparison import ColumnDrift, Measured
from pinion_step.formats.profile import Category, Column, Measure, Profile

# Bars of a number or a date, and categories that are named.
BARS, NAMED = 14, 6
# The share of the values at each end that the first and the last bar hold as well.
_END = 2
_SUMMARY = (0, 10, 50, 100, 150, 190, 200)
_DIGITS = 4

Document = dict[str, Any]


def compared(champion: Profile, new: Profile, columns: Sequence[ColumnDrift]) -> Document:
    """Return the part of the document that is about the comparison."""
    return {
        "rows": {"champion": champion.rows, "new": new.rows},
        "datasets": {"champion": champion.dataset, "new": new.dataset},
        "columns": [_column(each) for each in columns],
    }


def _column(drift: ColumnDrift) -> Document:
    return {
        "name": drift.name,
        "kind": drift.new.kind,
        "over": any(each.over for each in drift.measures),
        "worst": drift.worst.measure,
        "measures": {each.measure: _measured(each) for each in drift.measures},
        "champion": summary(drift.champion),
        "new": summary(drift.new),
        "shape": shape(drift.champion, drift.new),
    }


def _measured(each: Measured) -> Document:
    return {"value": each.value, "limit": each.limit, "floor": each.floor, "over": each.over}


def summary(column: Column) -> Document:
    """Return a distribution in a few numbers: its size, and quantiles or common categories."""
    found: Document = {"rows": column.rows, "missing": column.missing}
    if isinstance(column, Measure):
        points = [column.quantiles[place] for place in _SUMMARY] if column.quantiles else []
        named = {f"{place / 2:g}%": value for place, value in zip(_SUMMARY, points, strict=False)}
        return found | {"mean": column.mean, "std": column.std, "quantiles": named}
    if isinstance(column, Category):
        common = sorted(column.frequencies.items(), key=lambda each: (-each[1], each[0]))[:NAMED]
        return found | {"distinct": column.distinct, "most_common": dict(common)}
    return found


def shape(champion: Column, new: Column) -> Document:
    """Return the shares of the rows to draw side by side: in bars, or for each category.

    Bars have `ends`, the values between which they are; the last share is that of missing values.
    """
    if isinstance(champion, Measure) and isinstance(new, Measure):
        ends, cuts = _ends(champion, new)
        return {"ends": ends, **_both([_bars(each, cuts) for each in (champion, new)])}
    names: list[str] = []
    rows = [[filled(each)] for each in (champion, new)]
    if isinstance(champion, Category) and isinstance(new, Category):
        names = categories(champion, new)[:NAMED]
        rows = [_named(each, names) for each in (champion, new)]
    both = zip((champion, new), rows, strict=True)
    shares = [np.array([*each, column.missing]) / max(1, column.rows) for column, each in both]
    return {"names": names, **_both(shares)}


def _both(shares: list[np.ndarray]) -> Document:
    first, second = (np.round(each, _DIGITS).tolist() for each in shares)
    return {"champion": first, "new": second}


def _ends(champion: Measure, new: Measure) -> tuple[list[float], np.ndarray]:
    """Return where the bars begin and end, and where one ends and the next begins.

    Few values have a bar each; of many, those far out are in the first and the last bar.
    """
    known = [each.quantiles for each in (champion, new) if each.quantiles]
    if not known:
        return [], np.array([])
    values = np.unique(known)
    if len(values) <= BARS:
        return [float(values[0]), float(values[-1])], values[:-1] + np.diff(values) / 2
    low = min(quantiles[_END] for quantiles in known)
    high = max(quantiles[-1 - _END] for quantiles in known)
    return [low, high], np.linspace(low, high, BARS + 1)[1:-1]


def _bars(column: Measure, cuts: np.ndarray) -> np.ndarray:
    shares = np.diff([0.0, *below(column, cuts), 1.0])
    rows = max(1, column.rows)
    return np.array([*(shares * filled(column) / rows), column.missing / rows])


def _named(column: Category, names: list[str]) -> list[int]:
    found = [column.frequencies.get(name, 0) for name in names]
    return [*found, filled(column) - sum(found)]
