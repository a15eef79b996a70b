"""Check GitHub's workflow files for names that do not exist and for unsafe settings."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.build.commands import Known, commands, faults

# Programs on GitHub's runners.
PROGRAMS = frozenset({"docker", "gh", "kubectl"})

_PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
_RUNNER = re.compile(r"(ubuntu|macos|windows)-\d+(\.\d+)?(-arm)?")


def workflow_faults(file: Path, known: Known) -> list[str]:
    """Return what is wrong with a workflow, or with an action of this repository."""
    text = file.read_text()
    document: Mapping[str, Any] = yaml.safe_load(text)
    if file.name == "action.yml":
        return [*_steps_faults(document["runs"]["steps"], text, known)]
    found = [] if document.get("permissions") == {} else ["permissions are not {} at the top"]
    for name, job in document["jobs"].items():
        found += [f"{name}: {fault}" for fault in _job_faults(job)]
        found += [f"{name}: {fault}" for fault in _steps_faults(job["steps"], text, known)]
    return found


def _job_faults(job: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(job.get("permissions"), dict):
        yield "no permissions of its own, or all"
    if not _RUNNER.fullmatch(str(job.get("runs-on"))):
        yield f"runner {job.get('runs-on')} has no version"
    if not isinstance(job.get("timeout-minutes"), int):
        yield "no timeout-minutes"


def _steps_faults(steps: list[Mapping[str, Any]], text: str, known: Known) -> Iterator[str]:
    for step in steps:
        if "uses" in step:
            yield from _action_faults(step, text, known)
        if "run" in step:
            yield from _script_faults(step["run"], known)


def _action_faults(step: Mapping[str, Any], text: str, known: Known) -> Iterator[str]:
    action = step["uses"]
    if action.startswith("./"):
        if not (known.root / action / "action.yml").is_file():
            yield f"no action {action}"
        return
    if not _PINNED.fullmatch(action):
        yield f"{action} is not pinned by a commit hash"
    elif not re.search(rf"uses: {re.escape(action)} # v\d+(\.\d+)*$", text, re.MULTILINE):
        yield f"{action} has no comment with its version"
    if action.startswith("actions/checkout@") and (
        step.get("with", {}).get("persist-credentials") is not False
    ):
        yield "checkout leaves its token in the clone"


def _script_faults(script: str, known: Known) -> Iterator[str]:
    # Text that others choose, such as the name of a branch, would become part of the script.
    if "${{" in script:
        yield f"an expression within a script: {script.strip()}"
        return
    for command in commands(script):
        yield from faults(command, known, PROGRAMS)
