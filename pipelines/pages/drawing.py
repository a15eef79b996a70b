"""Draw the graph of a run's steps."""

from collections.abc import Mapping, Sequence
from html import escape

from pipelines.pages.record import StepRecord, without_indices

# Seven steps in a row fit the widest page.
_WIDTH, _HEIGHT, _ACROSS, _BETWEEN = 134, 46, 26, 16
_LONGEST = 16


def drawn(steps: Sequence[StepRecord]) -> str:
    """Return the graph as SVG: a box for each step, and lines to those right after it.

    It is there twice, to the right for wide pages and downwards for narrow ones.
    """
    before = _right_before(steps)
    return _drawing(steps, before, down=False) + _drawing(steps, before, down=True)


def _drawing(steps: Sequence[StepRecord], before: Mapping[str, Sequence[str]], down: bool) -> str:
    places = _places(steps, before, down)
    width = max((x for x, _ in places.values()), default=0) + _WIDTH + 1
    height = max((y for _, y in places.values()), default=0) + _HEIGHT + 1
    edges = "".join(
        _edge(places[each], places[step.name], down) for step in steps for each in before[step.name]
    )
    boxes = "".join(_box(step, *places[step.name]) for step in steps)
    told = ", ".join(f"{step.name} {step.state}" for step in steps)
    return (
        f'<svg class="{"down" if down else "right"}" role="img" aria-label="Graph of the steps:'
        f' {escape(told)}" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"{edges}{boxes}</svg>"
    )


def _right_before(steps: Sequence[StepRecord]) -> dict[str, list[str]]:
    """Return which steps come right before each: those that come before none of the others.

    The steps are in an order in which they can run.
    """
    above: dict[str, set[str]] = {}
    found: dict[str, list[str]] = {}
    # The items of a loop, by the name of the loop.
    items: dict[str, list[str]] = {}
    for step in steps:
        known = [item for each in dict.fromkeys(step.after) for item in items.get(each, ())]
        items.setdefault(without_indices(step.name), []).append(step.name)
        further = set().union(*(above[each] for each in known))
        found[step.name] = [each for each in known if each not in further]
        above[step.name] = further | set(known)
    return found


def _places(
    steps: Sequence[StepRecord], before: Mapping[str, Sequence[str]], down: bool
) -> dict[str, tuple[int, int]]:
    """Return where the box of each step begins; its level is how many steps come before it."""
    levels: dict[str, int] = {}
    places: dict[str, tuple[int, int]] = {}
    filled: dict[int, int] = {}
    for step in steps:
        level = max((levels[each] + 1 for each in before[step.name]), default=0)
        row = filled.get(level, 0)
        levels[step.name], filled[level] = level, row + 1
        column, line = (row, level) if down else (level, row)
        across, between = (_BETWEEN, _ACROSS) if down else (_ACROSS, _BETWEEN)
        places[step.name] = column * (_WIDTH + across) + 1, line * (_HEIGHT + between) + 1
    return places


def _edge(start: tuple[int, int], end: tuple[int, int], down: bool) -> str:
    if down:
        x, y, to_x, to_y = start[0] + _WIDTH // 2, start[1] + _HEIGHT, end[0] + _WIDTH // 2, end[1]
        middle = (y + to_y) // 2
        curve = f"{x} {middle} {to_x} {middle}"
    else:
        x, y, to_x, to_y = start[0] + _WIDTH, start[1] + _HEIGHT // 2, end[0], end[1] + _HEIGHT // 2
        middle = (x + to_x) // 2
        curve = f"{middle} {y} {middle} {to_y}"
    return f'<path class="edge" d="M{x} {y}C{curve} {to_x} {to_y}"/>'


def _box(step: StepRecord, x: int, y: int) -> str:
    name = step.name if len(step.name) <= _LONGEST else f"{step.name[:_LONGEST - 1]}…"
    return (
        f'<g class="{escape(step.state)}"><rect class="box" x="{x}" y="{y}" width="{_WIDTH}"'
        f' height="{_HEIGHT}" rx="6"/><text x="{x + 10}" y="{y + 19}">{escape(name)}</text>'
        f'<text class="state" x="{x + 10}" y="{y + 36}">{escape(step.state)}</text></g>'
    )
