"""What a run came to, in a few lines: read from the outputs of its tasks, where it has them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines.interpreter import Values
from pipelines.values import Value


def summarize(
    parameters: Mapping[str, Value], outputs: Mapping[str, Values], folder: Path, tracking_uri: str
) -> str:
    """What a run ends with; a part that the pipeline has no output for is left out."""
    lines = [
        *_dataset(parameters, _document(outputs, "report")),
        *_evaluation(_document(outputs, "result")),
        *_registration(outputs),
        ("run folder", str(folder)),
        (
            "MLflow",
            f"./pants run build-support/mlflow:mlflow -- ui --backend-store-uri {tracking_uri}",
        ),
    ]
    width = max(len(label) for label, _ in lines)
    return "\n".join(f"{label:<{width}}  {text}" for label, text in lines)


def failed_checks(outputs: Mapping[str, Values]) -> list[str]:
    """Each check of the evaluation that did not pass, with its value and threshold."""
    result = _document(outputs, "result") or {}
    return [_check(check) for check in result.get("checks", []) if not check["passed"]]


def _document(outputs: Mapping[str, Values], name: str) -> dict[str, Any] | None:
    for task in outputs.values():
        if name in task.artifacts:
            document: dict[str, Any] = json.loads(task.artifacts[name].read_text())
            return document
    return None


def _dataset(
    parameters: Mapping[str, Value], report: dict[str, Any] | None
) -> Iterator[tuple[str, str]]:
    if report and "source" in parameters:
        rows = report["rows"]
        yield "dataset", (
            f"{parameters['source']}: {rows['train']} rows to train, {rows['test']} to test"
        )


def _evaluation(result: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    if result is None:
        return
    checked = {check["metric"]: check for check in result["checks"]}
    for metric, value in sorted(result["metrics"].items()):
        check = checked.get(metric)
        yield metric, f"{value:.4f}" if check is None else _check(check)
    for metric, check in checked.items():
        if metric not in result["metrics"]:
            yield metric, _check(check)
    yield "verdict", "passed" if result["passed"] else "failed"


def _check(check: dict[str, Any]) -> str:
    value = "not computed" if check["value"] is None else f"{check['value']:.4f}"
    sign = ("> " if check.get("baseline") else ">=") if check["greater_is_better"] else "<="
    sign = "< " if check.get("baseline") and not check["greater_is_better"] else sign
    kind = " (baseline)" if check.get("baseline") else ""
    verdict = "passed" if check["passed"] else "FAILED"
    return f"{value} {sign.strip()} {check['threshold']:.4f}{kind} {verdict}"


def _registration(outputs: Mapping[str, Values]) -> Iterator[tuple[str, str]]:
    for task in outputs.values():
        if "model_uri" in task.parameters:
            yield "registered", str(task.parameters["model_uri"])
