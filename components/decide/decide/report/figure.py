"""Two distributions side by side as inline SVG: pairs of bars, the champion's on the left."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from itertools import count
from typing import Any

from pinion_step.kfp.pages import number

_WIDTH, _HEIGHT = 300, 96
_TOP, _BASE = 4, 76
_ROW, _NAMES, _SHARES = 17, 104, 98
# The place of the missing values, and the most that a pair of bars takes.
_MISSING, _WIDEST = 50, 40
_LONGEST_NAME = 15

Document = dict[str, Any]


def figure(column: Document) -> str:
    """Draw the shares of a column: of bars if its values have an order, else of categories."""
    shape = column["shape"]
    return _ordered(column) if "ends" in shape else _named(column)


def _ordered(column: Document) -> str:
    shape = column["shape"]
    both = [shape["champion"], shape["new"]]
    missing = any(each[-1] for each in both)
    width = _WIDTH - _MISSING if missing else _WIDTH
    highest = max(map(max, both)) or 1.0
    step = width / max(1, len(both[0]) - 1)
    lefts = [*(place * step for place in range(len(both[0]) - 1)), _WIDTH - _MISSING * 0.8]
    paths = [
        "".join(
            _bar(left + offset * min(step, _WIDEST), share / highest, min(step, _WIDEST) * 0.38)
            for left, share in zip(lefts, each, strict=True)
        )
        for each, offset in zip(both, (0.1, 0.52), strict=True)
    ]
    labels = _labels(column, width)
    if missing:
        labels += f'<text x="{_WIDTH}" y="92" class="e s">missing</text>'
    return _svg(column, _HEIGHT, f'<path class="x" d="M0 {_BASE}.5H{width}"/>', paths, labels)


def _bar(left: float, share: float, width: float) -> str:
    high = max(1, round(share * (_BASE - _TOP))) if share else 0
    return f"M{left:.0f} {_BASE}v-{high}h{width:.0f}v{high}z" if high else ""


def _labels(column: Document, width: float) -> str:
    ends = column["shape"]["ends"]
    if not ends:
        return ""
    low, high = (_end(column["kind"], each, ends) for each in ends)
    if low == high:
        return f'<text y="92">{low}</text>'
    return f'<text y="92">{low}</text><text x="{width}" y="92" class="e">{high}</text>'


def _end(kind: str, value: float, ends: Sequence[float]) -> str:
    if kind != "date":
        return number(value)
    try:
        moment = datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return number(value)
    return moment.strftime("%Y-%m-%d" if ends[1] - ends[0] > 86400 else "%Y-%m-%d %H:%M")


def _named(column: Document) -> str:
    shape = column["shape"]
    names = [*shape["names"], "other" if shape["names"] else "filled", "missing"]
    rows = [
        each
        for each in zip(names, shape["champion"], shape["new"], count(), strict=False)
        if each[1] or each[2]
    ]
    highest = max((max(first, second) for _, first, second, _ in rows), default=1.0)
    width = _WIDTH - _NAMES - _SHARES
    paths, labels = ["", ""], ""
    for place, (name, first, second, index) in enumerate(rows):
        top = place * _ROW
        for side, share in enumerate((first, second)):
            long = max(1, round(share / highest * width)) if share else 0
            paths[side] += f"M{_NAMES} {top + 2 + side * 7}h{long}v6h-{long}z" if long else ""
        short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
        soft = ' class="s"' if index >= len(shape["names"]) else ""
        shares = f"{100 * first:.3g} → {100 * second:.3g}%"
        labels += f'<text y="{top + 13}"{soft}>{escape(short)}</text>'
        labels += f'<text x="{_WIDTH}" y="{top + 13}" class="e s">{shares}</text>'
    return _svg(column, max(_ROW, len(rows) * _ROW), "", paths, labels)


def _svg(column: Document, height: int, axis: str, paths: Sequence[str], labels: str) -> str:
    name = escape(column["name"][:80])
    return (
        f'<svg role="img" viewBox="0 0 {_WIDTH} {height}" aria-label="{name}, champion and new">'
        f'{axis}<path class="a" d="{paths[0]}"/><path class="b" d="{paths[1]}"/>{labels}</svg>'
    )
