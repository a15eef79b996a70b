"""Figures as inline SVG, with a title, a description, and shapes that tell series apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from typing import Any

from pinion_step.pages import shown

_WIDTH, _HEIGHT = 360, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 12, 46
_SIZES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4")


@dataclass(frozen=True)
class Axes:
    """The range and the names of both axes."""

    x: tuple[float, float]
    y: tuple[float, float]
    x_name: str
    y_name: str

    def place(self, x: float, y: float) -> str:
        """Return the figure's coordinates of a point of the data."""
        return f"{self.across(x):.1f},{self.down(y):.1f}"

    def across(self, x: float) -> float:
        """Return the horizontal coordinate."""
        low, high = self.x
        return _LEFT + (x - low) / ((high - low) or 1) * (_WIDTH - _LEFT - _RIGHT)

    def down(self, y: float) -> float:
        """Return the vertical coordinate, which grows downwards."""
        low, high = self.y
        return _HEIGHT - _BOTTOM - (y - low) / ((high - low) or 1) * (_HEIGHT - _TOP - _BOTTOM)


def lines(
    key: str, title: str, axes: Axes, series: Sequence[dict[str, Any]], diagonal: bool
) -> str:
    """Draw each series as a line with a dash of its own, and the diagonal on request."""
    shapes = [_diagonal(axes)] if diagonal else []
    for index, each in enumerate(series):
        points = " ".join(axes.place(x, y) for x, y in zip(each["x"], each["y"], strict=True))
        dash = _DASHES[index % len(_DASHES)]
        shapes.append(
            f'<polyline class="s{index % 5}" stroke-dasharray="{dash}" points="{points}"/>'
        )
    return _figure(key, title, "some of its points in the table beside it", axes, shapes)


def points(key: str, title: str, axes: Axes, series: dict[str, Any]) -> str:
    """Draw a dot per row, and the diagonal on which perfect predictions lie."""
    dots = [
        f'<circle cx="{axes.across(x):.1f}" cy="{axes.down(y):.1f}" r="2.5"/>'
        for x, y in zip(series["x"], series["y"], strict=True)
    ]
    text = f"{len(dots)} rows, some in the table beside it"
    return _figure(key, title, text, axes, [_diagonal(axes), *dots])


def bars(key: str, title: str, axes: Axes, edges: Sequence[float], counts: Sequence[int]) -> str:
    """Draw a bar per bin."""
    shapes = [
        f'<rect class="bar" x="{axes.across(low):.1f}" y="{axes.down(count):.1f}" '
        f'width="{axes.across(high) - axes.across(low):.1f}" '
        f'height="{axes.down(0) - axes.down(count):.1f}"/>'
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]
    return _figure(key, title, "each bar a row of the table beside it", axes, shapes)


def legend(series: Sequence[dict[str, Any]]) -> str:
    """Return the dash and the name of each series."""
    items = "".join(
        f'<li><svg class="key" viewBox="0 0 40 8" aria-hidden="true"><line class="s{index % 5}" '
        f'x1="0" y1="4" x2="40" y2="4" stroke-dasharray="{_DASHES[index % 5]}"/></svg> '
        f"{shown(each['label'])}</li>"
        for index, each in enumerate(series)
    )
    return f'<ul class="legend">{items}</ul>'


def ticks(low: float, high: float) -> list[float]:
    """Return about five round numbers from low to high; only low if there is no range."""
    span = high - low
    if not span:
        return [low]
    size = 10.0 ** floor(log10(span / 4))
    step = next(size * each for each in (1, 2, 2.5, 5, 10) if span / (size * each) <= 5)
    return [step * each for each in range(ceil(low / step), floor(high / step) + 1)]


def short(value: float) -> str:
    """Return a number in a few characters: 25k, 1.5M, 0.25."""
    if 1e4 <= abs(value) < 1e12:
        size, name = next(each for each in _SIZES if abs(value) >= each[0])
        return f"{value / size:.4g}{name}"
    return f"{value:.4g}"


def _diagonal(axes: Axes) -> str:
    low, high = max(axes.x[0], axes.y[0]), min(axes.x[1], axes.y[1])
    start, end = axes.place(low, low), axes.place(high, high)
    return f'<polyline class="diagonal" points="{start} {end}"/>'


def _figure(key: str, title: str, text: str, axes: Axes, shapes: Sequence[str]) -> str:
    description = f"{axes.y_name} over {axes.x_name}, {text}."
    return (
        f'<svg class="figure" role="img" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'aria-labelledby="{key}-title {key}-desc">'
        f'<title id="{key}-title">{escape(title)}</title>'
        f'<desc id="{key}-desc">{escape(description)}</desc>'
        f"{_frame(axes)}{''.join(shapes)}</svg>"
    )


def _frame(axes: Axes) -> str:
    bottom, middle = _HEIGHT - _BOTTOM, (_LEFT + _WIDTH - _RIGHT) / 2
    parts = [f'<path class="axis" d="M{_LEFT} {_TOP}V{bottom}H{_WIDTH - _RIGHT}"/>']
    parts += [
        f'<text x="{axes.across(x):.1f}" y="{bottom + 16}" class="middle">{short(x)}</text>'
        for x in ticks(*axes.x)
    ]
    for y in ticks(*axes.y):
        down = axes.down(y)
        parts.append(f'<text x="{_LEFT - 6}" y="{down + 4:.1f}" class="end">{short(y)}</text>')
        parts.append(f'<path class="grid" d="M{_LEFT} {down:.1f}H{_WIDTH - _RIGHT}"/>')
    parts.append(
        f'<text x="{middle}" y="{_HEIGHT - 8}" class="middle">{escape(axes.x_name)}</text>'
        f'<text transform="translate(13 {bottom / 2}) rotate(-90)" class="middle">'
        f"{escape(axes.y_name)}</text>"
    )
    return "".join(parts)
