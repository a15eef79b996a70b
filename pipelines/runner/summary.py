"""Summarize a run in a few lines, from those outputs of its tasks that it has."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import join
from typing import Any

from pipelines.compiled.values import Value
from pipelines.console.checks import check_line
from pipelines.console.decision import FORCED, not_retrained, retrained
from pipelines.runner.task.backend import Values
from pipelines.system.connections import without_secrets
from pipelines.system.workspace import ROOT

# The experiment of the pipeline, unless another is given.
EXPERIMENT = "pinion"


def summarize(
    parameters: Mapping[str, Value],
    outputs: Mapping[str, Values],
    folder: Path,
    tracking_uri: str,
    took: str = "",
) -> str:
    """Return the last lines of a run; a part without an output in the pipeline is left out."""
    decision = _decision(outputs)
    lines = [
        *_dataset(parameters, _rows(outputs)),
        *([("retrained", retrained(decision.why))] if decision.why and decision.retrain else []),
        *_evaluation(_result(outputs)),
        *(
            ("registered", str(task.parameters["model_uri"]))
            for task in outputs.values()
            if "model_uri" in task.parameters
        ),
        *([("took", took)] if took else []),
        ("run folder", str(folder)),
        ("MLflow", mlflow_place(parameters, folder.parent, tracking_uri)),
    ]
    width = max(len(label) for label, _ in lines)
    shown = [f"{label:<{width}}  {text}" for label, text in lines]
    if not decision.retrain:
        shown.append(not_retrained(decision.why, decision.champion))
    return "\n".join(shown)


@dataclass(frozen=True)
class _Decision:
    """Whether a run trained, with the reason if that was a question, and the champion then."""

    retrain: bool = True
    why: str = ""
    champion: str = ""


def _decision(outputs: Mapping[str, Values]) -> _Decision:
    """Return what a step decided; a pipeline without such a step always trains."""
    given = [task.parameters for task in outputs.values()]
    for decided in given:
        if {"retrain", "why"} <= decided.keys():
            champion = next((each["champion"] for each in given if "champion" in each), "")
            why = "" if decided["why"] == FORCED else str(decided["why"])
            return _Decision(decided["retrain"] is True, why, str(champion))
    return _Decision()


def mlflow_place(parameters: Mapping[str, Value], runs: Path, tracking_uri: str) -> str:
    """Return the address of a server, or the command that opens a local store."""
    if not tracking_uri.startswith("sqlite:"):
        return without_secrets(tracking_uri)
    flags = []
    if tracking_uri != f"sqlite:///{runs / 'mlflow.db'}":
        flags += ["--mlflow-tracking-uri", tracking_uri]
    elif runs != ROOT / "runs":
        flags += ["--output", str(runs)]
    experiment = str(parameters.get("experiment") or EXPERIMENT)
    if experiment != EXPERIMENT:
        flags += ["--experiment", experiment]
    return f".venv/bin/python -m pipelines.ui {join(flags)}" if flags else "make ui"


def evaluated(outputs: Mapping[str, Values]) -> bool:
    """Return whether a run got as far as a verdict on its model."""
    return _result(outputs) is not None


def _result(outputs: Mapping[str, Values]) -> dict[str, Any] | None:
    return _document(outputs, "result", "checks", "metrics", "passed")


def _document(outputs: Mapping[str, Values], name: str, *keys: str) -> dict[str, Any] | None:
    """Return the JSON object of that name; one without these keys is of another pipeline."""
    for task in outputs.values():
        with suppress(KeyError, OSError, ValueError):
            document = json.loads(task.artifacts[name].path.read_text())
            if isinstance(document, dict) and document.keys() >= set(keys):
                return document
    return None


def _rows(outputs: Mapping[str, Values]) -> dict[str, Any] | None:
    # Before preprocess 1.0.0, the output was named `report`.
    found = (_document(outputs, name, "rows") for name in ("data_summary", "report"))
    return next((document["rows"] for document in found if document), None)


def _dataset(
    parameters: Mapping[str, Value], rows: dict[str, Any] | None
) -> Iterator[tuple[str, str]]:
    if rows and "source" in parameters:
        source = without_secrets(str(parameters["source"]))
        yield "dataset", f"{source}: {rows['train']} rows to train, {rows['test']} to test"


def _evaluation(result: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    if result is None:
        return
    # With two classes, recall needs to say of which: `recall of "Cardiac"`.
    checked, shown_as = result["checks"], result.get("shown_as", {})
    for metric, value in sorted(result["metrics"].items()):
        lines = [check_line(check) for check in checked if check["metric"] == metric]
        for line in lines or [f"{value:.4f}"]:
            yield shown_as.get(metric, metric), line
    for check in checked:
        if check["metric"] not in result["metrics"]:
            yield check["metric"], check_line(check)
    yield "verdict", "passed" if result["passed"] else "failed"
