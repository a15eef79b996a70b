"""Pages of HTML that need no script, no network and no mouse; what comes from data is escaped.

KFP shows a page in a frame in which a link would replace the page, so none has links.
"""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import zip_longest

Cell = str | int | float | bool | None
# What is cut off is in the JSON beside the page.
_LONGEST = 300
_SHORT = 24


def html_page(title: str, heading: str, body: str, style: str = "") -> str:
    """Return a page as one HTML file; the heading, the body and more style are HTML and CSS."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}{style}</style></head><body><main>\n"
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


# System fonts, both colour schemes, and tables that fit a phone or scroll.
_STYLE = """
:root{color-scheme:light dark;
--text:#1b1f24;--soft:#57606a;--back:#fff;--line:#d0d7de;--fill:9,105,218;
--good:#116329;--bad:#a40e26;--c0:#0969da;--c1:#bc4c00;--c2:#116329;--c3:#8250df;--c4:#a40e26}
@media(prefers-color-scheme:dark){:root{--text:#e6edf3;--soft:#9198a1;--back:#0d1117;--line:#3d444d;
--fill:88,166,255;--good:#56d364;--bad:#ff7b72;--c0:#58a6ff;--c1:#f0883e;--c2:#56d364;--c3:#d2a8ff;
--c4:#ff7b72}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:62rem;padding:1rem;background:var(--back);color:var(--text);
font:1rem/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;line-height:1.25}h2{margin:1.75rem 0 .75rem;font-size:1.25rem;
border-bottom:1px solid var(--line)}
h3{margin:.5rem 0;font-size:1rem}p{max-width:45rem;overflow-wrap:anywhere}
.pass,.fail{font-weight:600;white-space:nowrap}.pass{color:var(--good)}.fail{color:var(--bad)}
/* A shadow at a side says that there is more: what covers it moves with the table. */
.scroll{overflow-x:auto;margin:.5rem 0 1rem;
background:linear-gradient(to right,var(--back) 30%,transparent) left/2rem 100% no-repeat local,
linear-gradient(to left,var(--back) 30%,transparent) right/2rem 100% no-repeat local,
linear-gradient(to right,var(--line),transparent) left/.75rem 100% no-repeat,
linear-gradient(to left,var(--line),transparent) right/.75rem 100% no-repeat}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);padding:.25rem 0}
th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;
overflow-wrap:break-word;max-width:24rem}
td.number,th.number{text-align:right}td.number{white-space:nowrap}
.summary{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;max-width:48rem;
padding:.75rem 1rem;border:1px solid var(--line);border-radius:.5rem}
dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}
th[scope=row]:not(.number){min-width:6rem;overflow-wrap:anywhere}
td.text{min-width:12rem;user-select:all}
small{display:block;max-width:24rem;font-weight:400;color:var(--soft)}
summary{cursor:pointer;padding:.25rem 0;color:var(--c0)}
@media(max-width:40rem){.summary{grid-template-columns:1fr}.summary dd{margin-bottom:.5rem}
table{font-size:.875rem}th,td{padding:.25rem .4rem}}
@media(max-width:24rem){body{padding:.5rem}table{font-size:.75rem}th,td{padding:.25rem .2rem}
td.text{min-width:8rem;overflow-wrap:anywhere}}
@media print{.scroll{overflow:visible}}
"""
