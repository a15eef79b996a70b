"""Pages of HTML that need no script, no network and no mouse; what comes from data is escaped.

KFP shows a page in a frame in which a link would replace the page, so none has links.
"""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import zip_longest

from pinion_step.page_style import STYLE

Cell = str | int | float | bool | None
# What is cut off is in the JSON beside the page.
_LONGEST = 300
_SHORT = 24


def document(title: str, heading: str, body: str, style: str = "") -> str:
    """Return a page as one HTML file; the heading, the body and more style are HTML and CSS."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style></head><body><main>\n"
        f"<h1>{heading}</h1>\n{body}\n</main></body></html>\n"
    )


def section(title: str, *parts: str) -> str:
    """Return parts under a heading."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def answers(questions: Iterable[tuple[str, str]]) -> str:
    """Return the list of questions and answers at the top of a page."""
    items = "".join(
        f"<dt>{escape(question)}</dt><dd>{shown(answer)}</dd>" for question, answer in questions
    )
    return f'<dl class="summary">{items}</dl>'


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
        f"<tr>{row_name(row[0], note)}{''.join(map(_cell, row[1:]))}</tr>"
        for row, note in zip_longest(lines, notes, fillvalue="")
    )
    return scrolling(caption, head, body)


def paragraph(text: str) -> str:
    """Return a paragraph of one text."""
    return f"<p>{shown(text)}</p>"


def folded(title: str, *parts: str) -> str:
    """Return parts that open on a click, without a script."""
    return f"<details><summary>{escape(title)}</summary>{''.join(parts)}</details>"


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


def scrolling(caption: str, head: str, body: str) -> str:
    """Return a table of rows in HTML, in a frame of its own that scrolls if it is wider."""
    return (
        '<div class="scroll" tabindex="0" role="region" '
        f'aria-label="{escape(caption)}"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _side(cells: Sequence[Cell]) -> str:
    """Return the class that aligns a header with its column: right if the cells are numbers."""
    numbers = any(isinstance(cell, float | int) and not isinstance(cell, bool) for cell in cells)
    return ' class="number"' if numbers else ""


def row_name(value: Cell, note: str = "") -> str:
    """Return the first cell of a row."""
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
