"""Read what a real KFP answered about runs, from `tests/kfp_answers`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.system.workspace import ROOT

Json = dict[str, Any]
ANSWERS = ROOT / "tests" / "kfp_answers"


@dataclass(frozen=True)
class Scenario:
    """What KFP answered about one run, call by call; the pipeline file is not among it."""

    id: str
    name: str
    looks: list[Json]
    workflow: Json | None = None
    logs: Mapping[str, str] = field(default_factory=dict)


def scenario(name: str) -> Scenario:
    """Return a recorded run."""
    lines = (ANSWERS / f"{name}.jsonl").read_text().splitlines()
    tasks: dict[str, Json] = {}
    looks = []
    for answer in map(json.loads, lines):
        tasks |= {task["task_id"]: task for task in answer.pop("task_details")}
        looks.append(answer | {"run_details": {"task_details": list(tasks.values())}})
    first = json.loads(lines[0])
    return Scenario(first["run_id"], first["display_name"], looks, workflow(name), logs())


def workflow(name: str) -> Json | None:
    """Return Argo's workflow of a recorded run, if it was recorded."""
    path = ANSWERS / f"{name}.workflow.json"
    return json.loads(path.read_text()) if path.exists() else None


def logs() -> dict[str, str]:
    """Return the recorded logs by the node to which they belong."""
    found: dict[str, str] = json.loads((ANSWERS / "logs.json").read_text())
    return found


def recurring_run() -> Json:
    """Return a recorded recurring run."""
    found: Json = json.loads((ANSWERS / "recurring-run.json").read_text())
    return found


def answers_of() -> list[str]:
    """Return the names of the recorded runs."""
    return sorted(path.stem for path in ANSWERS.glob("*.jsonl"))
