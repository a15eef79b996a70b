"""Show a step on the page of its run."""

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path

from pipelines.console.step_log import last_progress
from pipelines.pages.html import breakable, duration, file_link, link, size, state, value
from pipelines.pages.outputs import Output
from pipelines.pages.record import KILLED, RunRecord, StepRecord
from pipelines.system.task_state import State

# The name of a run, by which a cached step names where its outputs come from.
_RUN = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
_LINES, _TAIL = 12, 8192
_BEFORE_TIME = {State.RUNNING.value: "for", State.SUCCEEDED.value: "in"}
# Steps in these states are worth a look: they are open, with the last lines of their logs.
_OPEN = (State.FAILED, State.RUNNING, State.CANCELED, KILLED)


def step_part(run: RunRecord, step: StepRecord, folder: Path, end: float) -> str:
    """Return what is known of a step of a run that goes on, or went on, until `end`."""
    log = folder / "logs" / f"{step.name}.log"
    lines = "".join(
        (
            f"<p>{_copied(step)}</p>" if _RUN.search(step.why) else "",
            f'<p class="dim">after {escape(", ".join(step.after))}</p>' if step.after else "",
            _inputs(run, step),
            _table("output", ((file_link(each.page, each.name), each) for each in step.outputs)),
            _log(step, log),
        )
    )
    told = escape(_told(step, log, end))
    return (
        f'<details{" open" if step.state in _OPEN else ""}>'
        f'<summary><span class="name">{escape(step.name)}</span> {state(step.state)}'
        f' <span class="dim">{told}</span>{_bar(run, step, end)}</summary>{lines}</details>'
    )


def _told(step: StepRecord, log: Path, end: float) -> str:
    """Return in words how long it took or has been running, how far it is, and why it ran."""
    running = step.state == State.RUNNING
    took = duration((step.ended or end) - step.began) if step.began else ""
    progress = last_progress(log) if running else ""
    parts = (
        f"{_BEFORE_TIME.get(step.state, 'after')} {took}" if took else "",
        f"({step.why})" if step.why else "",
        progress,
    )
    return " ".join(part for part in parts if part)


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
    rows = []
    for name, source, output in step.inputs:
        found = made.get((source, output))
        shown = file_link(found.page, name) if found else breakable(name)
        rows.append((f'{shown} <span class="dim">from {escape(source)}</span>', found))
    return _table("input", rows)


def _table(kind: str, rows: Iterable[tuple[str, Output | None]]) -> str:
    body = "".join(
        f"<tr><td>{shown}<td>{_size(output)}<td>{_hash(output)}</tr>" for shown, output in rows
    )
    head = f"<thead><tr><th>{kind}<th>size or value<th>SHA-256</tr></thead>"
    return f"<table>{head}<tbody>{body}</tbody></table>" if body else ""


def _size(output: Output | None) -> str:
    if output is None:
        return ""
    return value(output.value) if output.is_parameter else size(output.size)


def _hash(output: Output | None) -> str:
    if output is None or output.is_parameter:
        return ""
    return f"<code>{output.hash}</code>" if output.hash else '<span class="dim">not taken</span>'


def _log(step: StepRecord, log: Path) -> str:
    if not log.is_file():
        return ""
    found = f"<p>{file_link(f'logs/{step.name}.log', 'log')}</p>"
    if step.state not in _OPEN:
        return found
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL))
        lines = file.read().decode(errors="replace").splitlines()[-_LINES:]
    return f"<pre>{escape(chr(10).join(lines))}</pre>{found}" if lines else found
