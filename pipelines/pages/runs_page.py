"""Write the page that lists the runs of a folder."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from pipelines.pages.html import duration, link, moment, page, state
from pipelines.pages.record import FILE, RunRecord, load
from pipelines.system.workspace import whole

PAGE = "index.html"
# The newest runs that are listed, and the most that a chart has room for.
_LISTED, _DRAWN = 200, 60
_WIDTH, _HEIGHT, _EDGE = 320, 64, 6
_FILTER = """
const text=document.getElementById("text"),word=document.getElementById("word");
const filter=()=>{for(const row of document.querySelectorAll("tbody tr"))
row.hidden=!row.textContent.toLowerCase().includes(text.value.toLowerCase())||
(word.value&&row.dataset.state!==word.value)};
text.oninput=filter;word.onchange=filter;filter();
"""


def write_runs_page(runs: Path) -> None:
    """Write the page of the newest runs in a folder, whole or not at all."""
    folders = sorted((each.parent for each in runs.glob(f"*/{FILE}")), reverse=True)
    found = [each for folder in folders[:_LISTED] if (each := load(folder))]
    with whole(runs / PAGE) as partial:
        partial.write_text(runs_page(found), "utf-8", "replace")


def runs_page(runs: Sequence[RunRecord]) -> str:
    """Return the page of these runs, the newest first."""
    words = sorted({run.state for run in runs})
    options = "".join(f"<option>{escape(word)}</option>" for word in words)
    body = (
        f"<h1>Runs</h1>{''.join(_charts(runs))}"
        '<p><label>Filter <input id="text" type="search" placeholder="text"></label>'
        f' <label>State <select id="word"><option value="">all</option>{options}</select>'
        "</label></p>"
        '<div class="scroll" tabindex="0" role="group" aria-label="Runs"><table class="runs">'
        "<thead><tr><th>run<th>state<th>began<th>took<th>metric<th>verdict<th>model</tr></thead>"
        f"<tbody>{''.join(map(_row, runs))}</tbody></table></div><script>{_FILTER}</script>"
    )
    return page("Runs", body, reload=any(run.state == "running" for run in runs[:1]))


def _row(run: RunRecord) -> str:
    took = duration(run.ended - run.began) if run.ended else ""
    metric = f"{escape(run.metric[0])} {run.metric[1]:.4f}" if run.metric else ""
    verdict = "" if run.passed is None else "passed" if run.passed else "failed"
    return (
        f'<tr data-state="{escape(run.state)}"><td>{link(f"{run.id}/{PAGE}", run.id)}<br>'
        f'<span class="dim">{escape(run.pipeline)} {escape(run.what)}</span></td>'
        f"<td>{state(run.state)}</td><td>{moment(run.began)}</td><td>{took}</td><td>{metric}</td>"
        f"<td>{verdict}</td><td>{escape(run.model)}</td></tr>"
    )


def _charts(runs: Sequence[RunRecord]) -> Iterable[str]:
    """Yield a chart over time of each main metric that several runs have."""
    values: dict[str, list[float]] = {}
    for run in reversed(runs):
        if run.metric:
            values.setdefault(run.metric[0], []).append(run.metric[1])
    for name, found in values.items():
        if len(found) > 1:
            yield _chart(name, found[-_DRAWN:])


def _chart(name: str, values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    across = (_WIDTH - 2 * _EDGE) / (len(values) - 1)
    down = (_HEIGHT - 2 * _EDGE) / ((high - low) or 1)
    points = [
        (_EDGE + across * number, _HEIGHT - _EDGE - down * (value - low))
        for number, value in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points)
    told = f"{name} of {len(values)} runs: {low:.4f} to {high:.4f}, the last {values[-1]:.4f}"
    return (
        f'<figure style="margin:0"><svg class="cached" role="img" aria-label="{escape(told)}"'
        f' viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" style="max-width:100%">'
        f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="2"/>'
        f'<g fill="currentColor">{dots}</g></svg>'
        f'<figcaption class="dim">{escape(told)}</figcaption></figure>'
    )
