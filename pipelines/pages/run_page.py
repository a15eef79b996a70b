"""Write the page of a run."""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote

from pipelines.pages.drawing import drawn
from pipelines.pages.html import (
    breakable,
    duration,
    file_link,
    link,
    moment,
    page,
    state,
    value,
)
from pipelines.pages.record import RUNNING, STOPPED, RunRecord
from pipelines.pages.step_part import step_part
from pipelines.system.task_state import State


def run_page(run: RunRecord, folder: Path, now: float) -> str:
    """Return the page of a run in its folder, as of now."""
    end = run.ended or now
    body = "".join(
        (
            f'<p>{link("../index.html", "All runs")}</p>',
            f"<h1>{escape(run.pipeline)} {escape(run.what)}</h1>",
            f'<p>{state(run.state)} <span class="dim">{escape(run.id)}, {moment(run.began)},'
            f" {duration(end - run.began)}, {escape(run.runner)}</span></p>",
            _error(run, folder),
            f'<p class="note">{escape(run.decision)}</p>' if run.decision else "",
            *_cards(run),
            *_links(run),
            *_checks(run),
            '<h2>Steps</h2><div class="scroll" tabindex="0" role="group"'
            f' aria-label="Graph of the steps">{drawn(run.steps)}</div>',
            *(step_part(run, each, folder, end) for each in run.steps),
            f'<p class="axis" aria-hidden="true"><span>0 s</span>'
            f"<span>{duration((end - run.began) / 2)}</span>"
            f"<span>{duration(end - run.began)}</span></p>",
            _parameters(run),
        )
    )
    title = f"{run.state}: {run.pipeline} {run.id}"
    return page(title, body, reload=run.state == RUNNING, written=now)


def _error(run: RunRecord, folder: Path) -> str:
    if not run.error:
        return ""
    logs = [
        file_link(f"logs/{step.name}.log", f"log of {step.name}")
        for step in run.steps
        if step.state == State.FAILED and (folder / "logs" / f"{step.name}.log").is_file()
    ]
    more = f"<p>{', '.join(logs)}</p>" if logs else ""
    kind = "note" if run.state == STOPPED else "error"
    return f'<div class="{kind}"><p>{escape(run.error)}</p>{more}</div>'


def _cards(run: RunRecord) -> Iterator[str]:
    cards = []
    if run.passed is not None:
        word = "passed" if run.passed else "failed"
        color = "succeeded" if run.passed else "failed"
        cards.append(f'verdict<b class="{color}">{word}</b>')
    if run.metric:
        name, number = run.metric
        cards.append(f"{breakable(name)}<b>{number:.4f}</b>")
    if run.model:
        cards.append(f"registered<b>{_model(run)}</b>")
    if cards:
        shown = "".join(f'<div class="card">{card}</div>' for card in cards)
        yield f'<div class="cards">{shown}</div>'


def _model(run: RunRecord) -> str:
    name, _, version = run.model.removeprefix("models:/").rpartition("/")
    if not _served(run):
        return breakable(run.model)
    return link(f"{_served(run)}/#/models/{quote(name, safe='')}/versions/{version}", run.model)


def _links(run: RunRecord) -> Iterator[str]:
    # The last step has the most to say.
    reports = [
        file_link(each.page, f"{step.name}: {each.name.replace('_', ' ')}")
        for step in reversed(run.steps)
        for each in step.outputs
        if each.is_report
    ]
    if reports:
        yield f"<p>Reports: {', '.join(reports)}</p>"
    if not _served(run):
        yield f"<p>MLflow: <code>{escape(run.mlflow)}</code></p>"
        return
    runs = [
        link(f"{_served(run)}/#/runs/{quote(each.value)}", f"run of {step.name}")
        for step in run.steps
        for each in step.outputs
        if each.name == "run_id" and each.value
    ]
    yield f"<p>MLflow: {', '.join([link(run.mlflow, run.mlflow), *runs])}</p>"


def _served(run: RunRecord) -> str:
    """Return the address of MLflow's pages; empty if no server shows them."""
    return run.mlflow.rstrip("/") if run.mlflow.startswith(("http://", "https://")) else ""


def _checks(run: RunRecord) -> Iterator[str]:
    rows = "".join(
        f'<tr><th scope="row">{breakable(name)}</th>'
        f'<td class="{"succeeded" if passed else "failed"}">{escape(told)}</td></tr>'
        for name, told, passed in run.checks
    )
    if rows:
        yield f"<h2>Checks</h2><table>{rows}</table>"


def _parameters(run: RunRecord) -> str:
    changed = sorted(run.changed)
    others = sorted(run.parameters.keys() - run.changed.keys())
    shown = "<p>All have their defaults.</p>"
    if changed:
        head = "<thead><tr><th>changed<th>value<th>default</tr></thead>"
        rows = "".join(
            f'<tr><th scope="row">{breakable(name)}</th><td>{value(run.parameters[name])}</td>'
            f"<td>{value(run.changed[name])}</td></tr>"
            for name in changed
        )
        shown = f"<table>{head}<tbody>{rows}</tbody></table>"
    rows = "".join(
        f'<tr><th scope="row">{breakable(name)}</th><td>{value(run.parameters[name])}</td></tr>'
        for name in others
    )
    return (
        f"<h2>Parameters</h2>{shown}<details><summary>{len(others)} with their defaults</summary>"
        f"<table>{rows}</table></details>"
    )
