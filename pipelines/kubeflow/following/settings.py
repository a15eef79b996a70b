"""Look up in the pipeline file of a run what its steps were given, to name it in errors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_UNITS = ((86400, "d"), (3600, "h"), (60, "m"))


@dataclass(frozen=True)
class Given:
    """What a step was given; empty where the file says nothing."""

    image: str = ""
    memory: str = ""
    gpu: str = ""
    timeout: str = ""
    variables: tuple[str, ...] = ()


def given(document: Mapping[str, Any], step: str) -> Given:
    """Return what the file of a run, as KFP's API returns it, gives to a step."""
    pipeline = document.get("pipeline_spec") or document
    platforms = (document.get("platform_spec") or {}).get("platforms") or {}
    label = _executor(pipeline, step)
    container = _executors(pipeline).get(label, {}).get("container") or {}
    config = _executors(platforms.get("kubernetes") or {}).get(label, {})
    resources = container.get("resources") or {}
    return Given(
        str(container.get("image") or ""),
        str(resources.get("resourceMemoryLimit") or ""),
        _gpu(resources.get("accelerator") or {}),
        _duration(int(config.get("activeDeadlineSeconds") or 0)),
        tuple(
            str(each.get("envVar"))
            for source in ("secretAsEnv", "configMapAsEnv")
            for entry in config.get(source) or ()
            for each in entry.get("keyToEnv") or ()
        ),
    )


def _executor(pipeline: Mapping[str, Any], step: str) -> str:
    components = pipeline.get("components") or {}
    for graph in (pipeline.get("root") or {}, *components.values()):
        task = ((graph.get("dag") or {}).get("tasks") or {}).get(step) or {}
        name = (task.get("componentRef") or {}).get("name")
        if label := (components.get(name) or {}).get("executorLabel"):
            return str(label)
    return ""


def _executors(part: Mapping[str, Any]) -> Mapping[str, Any]:
    return (part.get("deploymentSpec") or {}).get("executors") or {}


def _gpu(accelerator: Mapping[str, Any]) -> str:
    kind = accelerator.get("resourceType") or accelerator.get("type")
    count = accelerator.get("resourceCount") or accelerator.get("count") or 1
    return f"{count} {kind}" if kind else ""


def _duration(seconds: int) -> str:
    """Return a time as the platform file writes it; empty if there is none."""
    for size, unit in _UNITS:
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s" if seconds else ""
