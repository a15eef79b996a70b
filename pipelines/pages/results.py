"""Read from the outputs of a run's steps what came of it."""

import json
from contextlib import suppress
from pathlib import Path

from pipelines.console.checks import check_line
from pipelines.console.decision import FORCED, not_retrained, retrained
from pipelines.pages.record import RunRecord


def add_results(record: RunRecord, folder: Path) -> None:
    """Add the verdict, the main metric, the decision and the registered model, if there are any."""
    champion = ""
    for step in record.steps:
        place = folder / step.name
        champion = _text(place / "champion.txt") or champion
        # Another pipeline may have an output of this name that is something else.
        with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
            _add_verdict(record, place / "result")
        if retrain := _text(place / "retrain.txt"):
            why = _text(place / "why.txt")
            if retrain != "true":
                record.decision = not_retrained(why, champion)
                _shorten(record, step.name, why)
            elif why != FORCED:
                record.decision = f"reason to train: {retrained(why)}"
        record.model = _text(place / "model_uri.txt") or record.model


def _shorten(record: RunRecord, decided: str, why: str) -> None:
    """Let the steps that were left out name the decision, which the page has in words."""
    for step in record.steps:
        if step.why == f"{decided}: {why}":
            step.why = f"{decided}: not retrained"


def _add_verdict(record: RunRecord, file: Path) -> None:
    result = json.loads(file.read_text())
    shown_as = result.get("shown_as", {})
    checks = [
        (shown_as.get(each["metric"], each["metric"]), check_line(each), bool(each["passed"]))
        for each in result["checks"]
    ]
    record.passed, record.checks = bool(result["passed"]), checks
    measured = [each for each in result["checks"] if each["value"] is not None]
    record.metric = (str(measured[0]["metric"]), float(measured[0]["value"]))


def _text(file: Path) -> str:
    with suppress(OSError):
        return file.read_text(errors="replace").strip()
    return ""
