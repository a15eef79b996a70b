"""The report: the decision in words, then each column with both distributions."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from decide.report.figure import figure
from decide.report.words import reason, verdict
from pinion_step.kfp.pages import answers, folded, html_page, paragraph, section, shown

# Columns that moved little are folded beyond these.
_OPEN = 24
_NAMED = 3
_SCALE = {"psi": "PSI", "js": "JS", "wasserstein": "Wasserstein"}

Document = dict[str, Any]


def page(document: Document) -> str:
    """Return the page as one HTML file; equal documents give equal bytes."""
    title = f"{verdict(document).capitalize()}: {reason(document)}"
    body = "\n".join([answers(_summary(document)), *_sections(document)])
    return html_page(title, escape(title), body, _STYLE)


def _summary(document: Document) -> Iterator[tuple[str, str]]:
    yield "Decision", f"{verdict(document)} ({document['why']})"
    yield "Policy", document["policy"]
    yield "Champion", document["champion"] or "none"
    if document["schema"]:
        yield "Schema", _some(document["schema"])
    if not document["compared"]:
        yield "Compared", "nothing"
        return
    rows, columns = document["rows"], document["columns"]
    yield "Rows", f"{rows['champion']} of the champion, {rows['new']} now"
    over = [each for each in columns if each["over"]]
    yield "Over the limit", f"{len(over)} of {len(columns)} columns"
    yield "Moved most", "; ".join(map(_moved, columns[:_NAMED])) or "nothing was measured"


def _some(phrases: Sequence[str]) -> str:
    more = len(phrases) - _NAMED
    return "; ".join(phrases[:_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _moved(column: Document) -> str:
    name, each = column["worst"], column["measures"][column["worst"]]
    limit = f"limit {each['limit']:.2g}"
    if each["floor"] > each["limit"]:
        limit = f"noise {each['floor']:.2g}"
    return f"{column['name']} ({_SCALE[name]} {each['value']:.2g}, {limit})"


def _sections(document: Document) -> Iterator[str]:
    columns = document["columns"]
    if not columns:
        return
    open_ = max(_OPEN, sum(each["over"] for each in columns))
    cards = [_card(each) for each in columns]
    more = cards[open_:]
    yield section(
        "Columns, those that moved most first",
        _LEGEND,
        f'<div class="cards">{"".join(cards[:open_])}</div>',
        (
            folded(f"More columns ({len(more)})", f'<div class="cards">{"".join(more)}</div>')
            if more
            else ""
        ),
    )
    yield section("What the numbers mean", *map(paragraph, _MEANING))


def _card(column: Document) -> str:
    lines = "".join(
        f"<p>{_SCALE[name]} {each['value']:.2g}, limit {each['limit']:.2g}, "
        f"noise {each['floor']:.2g}</p>"
        for name, each in column["measures"].items()
    )
    heading = f"<h3>{shown(column['name'])} {_word(column)}</h3>"
    return f"<article>{heading}{figure(column)}{lines}</article>"


def _word(column: Document) -> str:
    if column["over"]:
        return '<b class="fail">drift</b>'
    above = any(each["value"] > each["limit"] for each in column["measures"].values())
    return f'<b class="pass">within {"noise" if above else "limits"}</b>'


_LEGEND = (
    '<p class="legend"><svg viewBox="0 0 10 10"><path class="a" d="M1 1h8v8h-8z"/></svg> champion '
    '<svg viewBox="0 0 10 10"><path class="b" d="M1 1h8v8h-8z"/></svg> new data</p>'
)
_MEANING = (
    "A bar is a share of the rows; missing values have one of their own. Values far out are in the "
    "first and the last bar.",
    "PSI compares shares of bins or categories, JS (Jensen–Shannon) those of categories; "
    "Wasserstein is how far values moved on average, in standard deviations of the champion's.",
    "A column drifted if a measure is over its limit and over its noise. The noise is what two "
    "tables of equal data and of these sizes differ by: in 99 of 100 such comparisons, no column "
    "is over it.",
)
_STYLE = """
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,18rem),1fr));gap:1rem}
article{border:1px solid var(--line);border-radius:.5rem;padding:.5rem .75rem;min-width:0}
article h3{margin:0 0 .5rem;overflow-wrap:anywhere}article p{margin:.1rem 0;font-size:.8125rem;
color:var(--soft)}article b{font-size:.8125rem}article svg{width:100%;height:auto}
svg text{fill:var(--text);font-size:12px}svg .s{fill:var(--soft)}svg .e{text-anchor:end}
.a{fill:none;stroke:var(--soft)}.b{fill:var(--c0)}.x{stroke:var(--line)}
.legend svg{width:.75rem;height:.75rem}
"""
