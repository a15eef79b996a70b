"""Write the page that lists the runs of a folder."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from html import escape
from pathlib import Path

from pipelines.pages.html import breakable, duration, link, moment, page, state
from pipelines.pages.record import FILE, RUNNING, RunRecord, load
from pipelines.system.workspace import whole

PAGE = "index.html"
# The newest runs that are listed, and the most that a chart has room for.
_LISTED, _DRAWN = 200, 60
# The most charts, each of a metric of a model.
_CHARTS = 6
_WIDTH, _HEIGHT, _EDGE = 320, 64, 6
# A page that reloads by itself keeps what its reader typed.
_FILTER = """
const text=document.getElementById("text"),word=document.getElementById("word");
const filter=()=>{for(const row of document.querySelectorAll("tbody tr"))
row.hidden=!row.textContent.toLowerCase().includes(text.value.toLowerCase())||
(word.value&&row.dataset.state!==word.value);
document.getElementById("none").hidden=!!document.querySelector("tbody tr:not([hidden])")};
for(const each of [text,word]){const place=location.pathname+"#"+each.id;
each.value=sessionStorage[place]||"";
each.oninput=()=>{sessionStorage[place]=each.value;filter()}}
if(!word.value)word.value="";
filter();
"""


def write_runs_page(runs: Path) -> None:
    """Write the page of the newest runs in a folder, whole or not at all."""
    written = ""
    # Another run that ends meanwhile may write before this one, which knew it as running.
    while (now := runs_page(_newest(runs))) != written:
        with whole(runs / PAGE) as partial:
            partial.write_text(now, "utf-8", "replace")
        written = now


def _newest(runs: Path) -> list[RunRecord]:
    folders = sorted((each.parent for each in runs.glob(f"*/{FILE}")), reverse=True)
    found = []
    for folder in folders[:_LISTED]:
        # Somebody may remove it meanwhile.
        with suppress(FileNotFoundError):
            known = (folder / FILE).stat()
            if record := _loaded(folder, known.st_ino, known.st_mtime_ns):
                found.append(record)
    return found


@lru_cache(maxsize=2 * _LISTED)
def _loaded(folder: Path, _inode: int, _changed: int) -> RunRecord | None:
    return load(folder)


def runs_page(runs: Sequence[RunRecord]) -> str:
    """Return the page of these runs, the newest first."""
    words = sorted({run.state for run in runs})
    options = "".join(f"<option>{escape(word)}</option>" for word in words)
    body = (
        f'<h1>Runs</h1><div class="charts">{"".join(_charts(runs))}</div>'
        '<p class="filter"><label>Filter <input id="text" type="search" placeholder="text"></label>'
        f' <label>State <select id="word"><option value="">all</option>{options}</select>'
        "</label></p>"
        '<div class="scroll" tabindex="0" role="group" aria-label="Runs"><table class="runs">'
        "<thead><tr><th>run<th>state<th>began<th>took<th>metric<th>verdict<th>model</tr></thead>"
        f"<tbody>{''.join(map(_row, runs))}</tbody></table></div>"
        '<p id="none" hidden>No run has this text and this state.</p>'
        f"<script>{_FILTER}</script>"
    )
    return page("Runs", body, reload=any(run.state == RUNNING for run in runs))


def _row(run: RunRecord) -> str:
    took = duration(run.ended - run.began) if run.ended else ""
    metric = (
        f"{breakable(run.metric[0])} {run.metric[1]:.4f}" if run.metric else escape(run.decision)
    )
    verdict = "" if run.passed is None else "passed" if run.passed else "failed"
    color = "succeeded" if run.passed else "failed"
    return (
        f'<tr data-state="{escape(run.state)}"><td>{link(f"{run.id}/{PAGE}", run.id)}<br>'
        f'<span class="dim">{escape(run.pipeline)} {escape(run.what)}</span></td>'
        f"<td>{state(run.state)}</td><td>{moment(run.began)}</td><td>{took}</td><td>{metric}</td>"
        f'<td class="{color}">{verdict}</td><td>{breakable(run.model)}</td></tr>'
    )


def _charts(runs: Sequence[RunRecord]) -> Iterable[str]:
    """Return a chart over time of each main metric of a model that several runs have."""
    values: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for run in runs:
        if run.metric:
            # The metrics of two models are about different tables.
            model = str(run.parameters.get("registered_model_name") or run.pipeline)
            values.setdefault((run.metric[0], model), []).append((run.id, run.metric[1]))
    several = [(names, found) for names, found in values.items() if len(found) > 1]
    return [_chart(*names, found[:_DRAWN][::-1]) for names, found in several[:_CHARTS]]


def _chart(metric: str, model: str, runs: Sequence[tuple[str, float]]) -> str:
    values = [value for _, value in runs]
    low, high = min(values), max(values)
    across = (_WIDTH - 2 * _EDGE) / (len(values) - 1)
    down = (_HEIGHT - 2 * _EDGE) / ((high - low) or 1)
    points = [
        (_EDGE + across * number, _HEIGHT - _EDGE - down * (value - low))
        for number, value in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{escape(name)}: {value:.4f}</title>'
        "</circle>"
        for (x, y), (name, value) in zip(points, runs, strict=True)
    )
    told = f"{metric} of {model}, {len(values)} runs: {low:.4f} to {high:.4f}"
    told += f", the last {values[-1]:.4f}"
    return (
        f'<figure><svg class="cached" role="img" aria-label="{escape(told)}"'
        f' viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" style="max-width:100%">'
        f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="2"/>'
        f'<g fill="currentColor">{dots}</g></svg>'
        f'<figcaption class="dim">{breakable(told)}</figcaption></figure>'
    )
