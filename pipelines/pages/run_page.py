"""Write the page of a run."""

import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote

from pipelines.console.step_log import last_progress
from pipelines.pages.drawing import drawn
from pipelines.pages.html import duration, link, moment, page, size, state
from pipelines.pages.outputs import Output
from pipelines.pages.record import RUNNING, RunRecord, StepRecord
from pipelines.system.task_state import State

# The name of a run, by which a cached step names where its outputs come from.
_RUN = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
_LINES, _TAIL = 12, 8192


def run_page(run: RunRecord, folder: Path, now: float) -> str:
    """Return the page of a run in its folder, as of now."""
    end = run.ended or now
    body = "".join(
        (
            f'<p>{link("../index.html", "All runs")}</p>',
            f"<h1>{escape(run.pipeline)} {escape(run.what)}</h1>",
            f'<p>{state(run.state)} <span class="dim">{escape(run.id)}, {moment(run.began)},'
            f" {duration(end - run.began)}, {escape(run.runner)}</span></p>",
            f'<p class="error">{escape(run.error)}</p>' if run.error else "",
            f'<div class="cards">{"".join(_cards(run))}</div>',
            f"<p>MLflow: {_mlflow(run)}</p>",
            f'<h2>Steps</h2><div class="scroll" tabindex="0" role="group"'
            f' aria-label="Graph of the steps">{drawn(run.steps)}</div>',
            *(_step(run, each, folder, end) for each in run.steps),
            f'<p class="axis" aria-hidden="true"><span>0 s</span>'
            f"<span>{duration((end - run.began) / 2)}</span>"
            f"<span>{duration(end - run.began)}</span></p>",
            _parameters(run),
        )
    )
    return page(f"{run.state}: {run.pipeline} {run.id}", body, reload=run.state == RUNNING)


def _cards(run: RunRecord) -> Iterator[str]:
    if run.passed is not None:
        word = "passed" if run.passed else "failed"
        color = "succeeded" if run.passed else "failed"
        yield f'<div class="card">verdict<b class="{color}">{word}</b></div>'
    if run.metric:
        name, value = run.metric
        yield f'<div class="card">{escape(name)}<b>{value:.4f}</b></div>'
    if run.model:
        yield f'<div class="card">registered<b>{escape(run.model)}</b></div>'
    for step in run.steps:
        for each in step.outputs:
            if each.is_report:
                told = f"{step.name}: {each.name.replace('_', ' ')}"
                yield f'<div class="card">report<b>{_file(each.page, told)}</b></div>'


def _step(run: RunRecord, step: StepRecord, folder: Path, end: float) -> str:
    took = f" in {duration((step.ended or end) - step.began)}" if step.began else ""
    log = folder / "logs" / f"{step.name}.log"
    progress = last_progress(log) if step.state == State.RUNNING else ""
    why = f" ({step.why})" if step.why else ""
    told = f' <span class="dim">{escape((progress or took) + why)}</span>'
    opened = " open" if step.state in (State.FAILED, State.RUNNING) else ""
    lines = "".join(
        (
            f"<p>{_copied(step)}</p>" if _RUN.search(step.why) else "",
            f'<p class="dim">after {escape(", ".join(step.after))}</p>' if step.after else "",
            _inputs(run, step),
            _outputs(step),
            _log(step, log),
        )
    )
    return (
        f'<details{opened}><summary><span class="name">{escape(step.name)}</span>'
        f"{state(step.state)}{told}{_bar(run, step, end)}</summary>{lines}</details>"
    )


def _bar(run: RunRecord, step: StepRecord, end: float) -> str:
    if step.began is None:
        return ""
    whole = max(end - run.began, 0.001)
    left = 100 * (step.began - run.began) / whole
    width = 100 * ((step.ended or end) - step.began) / whole
    return (
        f'<span class="bar {escape(step.state)}"><i style="left:{left:.2f}%;width:{width:.2f}%">'
        "</i></span>"
    )


def _copied(step: StepRecord) -> str:
    """Return a link to the run that the outputs of a step were copied from."""
    return "copied from " + ", ".join(
        link(f"../{each}/index.html", each) for each in _RUN.findall(step.why)
    )


def _inputs(run: RunRecord, step: StepRecord) -> str:
    made = {(each.name, output.name): output for each in run.steps for output in each.outputs}
    rows = [
        (name, f"{_found(made.get((source, output)), output)} of {escape(source)}")
        for name, source, output in step.inputs
    ]
    body = "".join(f"<tr><td>{escape(name)}<td>{text}</tr>" for name, text in rows)
    return f"<table><thead><tr><th>input<th>from</tr></thead>{body}</table>" if rows else ""


def _found(output: Output | None, name: str) -> str:
    return _file(output.page, name) if output else escape(name)


def _outputs(step: StepRecord) -> str:
    rows = "".join(
        f"<tr><td>{_file(each.page, each.name)}"
        f"<td>{_value(each.value) if each.is_parameter else size(each.size)}"
        f"<td><code>{each.hash}</code></tr>"
        for each in step.outputs
    )
    head = "<thead><tr><th>output<th>size or value<th>SHA-256</tr></thead>"
    return f"<table>{head}{rows}</table>" if rows else ""


def _mlflow(run: RunRecord) -> str:
    if run.mlflow.startswith("http"):
        return link(run.mlflow, run.mlflow)
    return f"<code>{escape(run.mlflow)}</code>"


def _file(path: str, text: str) -> str:
    return link(quote(path), text)


def _log(step: StepRecord, log: Path) -> str:
    if not log.is_file():
        return ""
    found = f"<p>{_file(f'logs/{step.name}.log', 'log')}</p>"
    if step.state not in (State.FAILED, State.RUNNING, State.CANCELED):
        return found
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL))
        lines = file.read().decode(errors="replace").splitlines()[-_LINES:]
    return f"<pre>{escape(chr(10).join(lines))}</pre>{found}" if lines else found


def _parameters(run: RunRecord) -> str:
    changed = [name for name in run.parameters if name in run.changed]
    others = [name for name in run.parameters if name not in run.changed]
    shown = _table(run, changed) if changed else "<p>All have their defaults.</p>"
    return (
        f"<h2>Parameters</h2>{shown}<details><summary>{len(others)} with their defaults</summary>"
        f"{_table(run, others)}</details>"
    )


def _table(run: RunRecord, names: list[str]) -> str:
    rows = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td>{_value(run.parameters[name])}</td></tr>"
        for name in names
    )
    return f"<table>{rows}</table>"


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"<code>{escape(text)}</code>" if text else '<span class="dim">empty</span>'
