"""HTML tables, with everything from data escaped."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import zip_longest

Cell = str | int | float | bool | None
# The report's JSON has the rest.
_LONGEST = 300
_SHORT = 24


def table(
    caption: str,
    header: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    notes: Sequence[str] = (),
) -> str:
    """Return a table whose first column names the rows, without the columns that are empty.

    `notes`, one for each row, stand under the names of the rows.
    """
    columns = list(zip(*rows, strict=True)) or [()] * len(header)
    kept = [
        (name, column)
        for place, (name, column) in enumerate(zip(header, columns, strict=True))
        if not place or not column or any(cell not in ("", None) for cell in column)
    ]
    head = "".join(f'<th scope="col"{_side(column)}>{shown(name)}</th>' for name, column in kept)
    lines = zip(*(column for _, column in kept), strict=True)
    body = "".join(
        f"<tr>{_first(row[0], note)}{''.join(map(_cell, row[1:]))}</tr>"
        for row, note in zip_longest(lines, notes, fillvalue="")
    )
    return _scrolling(caption, head, body)


def span(low: float | None, high: float | None) -> str:
    """Return both ends of an interval as text; empty if there is none."""
    return "" if low is None or high is None else f"{number(low)} to {number(high)}"


def paragraph(text: str) -> str:
    """Return a paragraph of one text."""
    return f"<p>{shown(text)}</p>"


def folded(title: str, *parts: str) -> str:
    """Return parts that open on a click, without a script."""
    return f"<details><summary>{escape(title)}</summary>{''.join(parts)}</details>"


def matrix(caption: str, labels: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Return a confusion matrix that shades each count by its share of the true label's rows."""
    head = "".join(f'<th scope="col" class="number">{shown(label)}</th>' for label in labels)
    body = "".join(
        f"<tr>{_first(label)}{''.join(_shaded(count, sum(row)) for count in row)}</tr>"
        for label, row in zip(labels, counts, strict=True)
    )
    return _scrolling(caption, f'<th scope="col">true \\ predicted</th>{head}', body)


def shown(value: object) -> str:
    """Escape and shorten a text of the data; a long name may break after an underscore."""
    text = str(value)
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return escape(text).replace("_", "_<wbr>")


def number(value: float) -> str:
    """Return four significant digits, and all digits before the point."""
    return f"{value:.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"


def verdict(passed: bool) -> str:
    """Return passed or failed as a word and a sign, so that no meaning depends on colour alone."""
    return (
        '<span class="pass">&#10003; passed</span>'
        if passed
        else '<span class="fail">&#10007; failed</span>'
    )


def _scrolling(caption: str, head: str, body: str) -> str:
    return (
        '<div class="scroll" tabindex="0" role="region" '
        f'aria-label="{escape(caption)}"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _side(cells: Sequence[Cell]) -> str:
    """Return the class that aligns a header with its column: right if the cells are numbers."""
    numbers = any(isinstance(cell, float | int) and not isinstance(cell, bool) for cell in cells)
    return ' class="number"' if numbers else ""


def _first(value: Cell, note: str = "") -> str:
    if isinstance(value, int | float):
        return f'<th scope="row" class="number">{number(value)}</th>'
    below = f"<small>{shown(note)}</small>" if note else ""
    return f'<th scope="row">{shown(value)}{below}</th>'


def _cell(value: Cell) -> str:
    if isinstance(value, bool):
        return f"<td>{verdict(value)}</td>"
    if isinstance(value, int | float):
        return f'<td class="number">{number(value)}</td>'
    text = "" if value is None else str(value)
    long = ' class="text"' if len(text) > _SHORT else ""
    return f"<td{long}>{shown(text)}</td>"


def _shaded(count: int, whole: int) -> str:
    shade = 0.55 * count / whole if whole else 0.0
    return f'<td class="number" style="background:rgba(var(--fill),{shade:.2f})">{count}</td>'
