"""Draw the graph of a run's steps."""

from collections.abc import Sequence
from html import escape

from pipelines.pages.record import StepRecord

_WIDTH, _HEIGHT, _ACROSS, _DOWN = 150, 46, 40, 16
_LONGEST = 18


def drawn(steps: Sequence[StepRecord]) -> str:
    """Return the graph as SVG: a box for each step, to the right of those that it comes after."""
    levels = _levels(steps)
    places: dict[str, tuple[int, int]] = {}
    count: dict[int, int] = {}
    for step in steps:
        level = levels[step.name]
        row = count.get(level, 0)
        count[level] = row + 1
        places[step.name] = (level * (_WIDTH + _ACROSS) + 1, row * (_HEIGHT + _DOWN) + 1)
    width = (max(count, default=0) + 1) * (_WIDTH + _ACROSS) - _ACROSS + 2
    height = max(count.values(), default=0) * (_HEIGHT + _DOWN) - _DOWN + 2
    edges = "".join(
        _edge(places[before], places[step.name])
        for step in steps
        for before in step.after
        if before in places
    )
    boxes = "".join(_box(step, *places[step.name]) for step in steps)
    told = ", ".join(f"{step.name} {step.state}" for step in steps)
    return (
        f'<svg role="img" aria-label="Graph of the steps: {escape(told)}" width="{width}"'
        f' height="{height}" viewBox="0 0 {width} {height}">{edges}{boxes}</svg>'
    )


def _levels(steps: Sequence[StepRecord]) -> dict[str, int]:
    """Return how many steps come before each; the steps are in an order in which they can run."""
    levels: dict[str, int] = {}
    for step in steps:
        levels[step.name] = max((levels.get(each, 0) + 1 for each in step.after), default=0)
    return levels


def _edge(start: tuple[int, int], end: tuple[int, int]) -> str:
    x, y = start[0] + _WIDTH, start[1] + _HEIGHT // 2
    to_x, to_y = end[0], end[1] + _HEIGHT // 2
    middle = (x + to_x) // 2
    return f'<path class="edge" d="M{x} {y}C{middle} {y} {middle} {to_y} {to_x} {to_y}"/>'


def _box(step: StepRecord, x: int, y: int) -> str:
    name = step.name if len(step.name) <= _LONGEST else f"{step.name[:_LONGEST - 1]}…"
    return (
        f'<g class="{escape(step.state)}"><rect class="box" x="{x}" y="{y}" width="{_WIDTH}"'
        f' height="{_HEIGHT}" rx="6"/><text x="{x + 10}" y="{y + 19}">{escape(name)}</text>'
        f'<text class="state" x="{x + 10}" y="{y + 36}">{escape(step.state)}</text></g>'
    )
