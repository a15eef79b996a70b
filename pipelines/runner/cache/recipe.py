"""The cache key of a container task, made from everything that can change its outputs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.compiled import values
from pipelines.compiled.container import Container
from pipelines.compiled.file import COMPONENTS, RELEASE
from pipelines.compiled.graph import Task
from pipelines.runner.task.backend import Artifact, Values
from pipelines.system.connections import without_secrets
from pipelines.system.manifests import digest

# The variables from which the steps learn their release, for the record. They are not in the key,
# so that a change of one step does not run the others again; the records of a cached step then name
# the release that really made it.
_RECORD_ONLY = {RELEASE, COMPONENTS}
_NAME_OF_THE_RUN = "{{$.pipeline_"
_TRACKING = "mlflow_tracking_uri"
# The name of the part that is the step's program.
CODE = "its code"
# Changed when the same parts no longer mean the same result.
_FORMAT = "1"
# The kind of a part, before its name; a status line leaves it out.
_KIND = re.compile("^(input|parameter|its|the) ")
# How many parts a status line names at most.
_NAMED = 3


class NeverReusedError(Exception):
    """The task is never cached; the message says why."""


@dataclass(frozen=True)
class Recipe:
    """The parts of a task's key by name, each as a hash, because they may hold secrets.

    `tracking_uri` is the store of a task that uses MLflow, and None for other tasks.
    """

    parts: Mapping[str, str]
    tracking_uri: str | None

    @cached_property
    def key(self) -> str:
        """One hash of all parts."""
        return digest([_FORMAT, dict(self.parts)])

    def changed(self, before: Mapping[str, str]) -> str:
        """Name the parts that differ from `before`, for a status line."""
        names = [
            name
            for name in dict.fromkeys([*self.parts, *before])
            if self.parts.get(name) != before.get(name)
        ]
        more = len(names) - _NAMED
        named = ", ".join(_KIND.sub("", name) for name in names[:_NAMED])
        return f"changed: {named}" + (f" and {more} more" if more > 0 else "")


def recipe(
    task: Task,
    container: Container,
    inputs: Values,
    program: Callable[[str], str],
    content: Callable[[Path], str],
    store: str,
) -> Recipe:
    """Return the recipe of a task; raise `NeverReusedError` if it is never cached.

    `program` returns the hash of what an image runs, `content` that of a file or folder. `store` is
    the tracking URI of tasks that do not name one.
    """
    refuse(task, container)
    tracking = inputs.parameters.get(_TRACKING)
    uri = str(tracking or store)
    variables = container.environment.items()
    parts = {
        CODE: program(container.image),
        "its command": digest(container.command),
        "its environment": digest(
            {key: text for key, text in variables if key not in _RECORD_ONLY}
        ),
        "its outputs": digest([sorted(container.artifacts), dict(container.parameters)]),
        "its cache key": digest(task.cache_key),
        "the tracking store": digest(without_secrets(uri)),
        **_of_inputs(inputs, content),
    }
    return Recipe(parts, uri if tracking is not None else None)


def _of_inputs(inputs: Values, content: Callable[[Path], str]) -> dict[str, str]:
    return {
        **{
            f"input {name}": digest(_artifact(name, artifact, content))
            for name, artifact in sorted(inputs.artifacts.items())
        },
        **{
            f"parameter {name}": digest(values.to_text(value))
            for name, value in sorted(inputs.parameters.items())
            # The tracking URI, after defaults, is a part of its own.
            if name != _TRACKING
        },
    }


def refuse(task: Task, container: Container) -> None:
    """Raise `NeverReusedError` for a task that depends on more than its parts."""
    reasons = {
        "caching is off for this step": not task.cached,
        "it depends on how other steps ended": task.always,
        "it uses the name of the run": any(_NAME_OF_THE_RUN in each for each in container.texts()),
    }
    for why, applies in reasons.items():
        if applies:
            raise NeverReusedError(why)


def _artifact(name: str, artifact: Artifact, content: Callable[[Path], str]) -> list[Any]:
    if not artifact.path.exists():
        raise NeverReusedError(f"its input {name} is not on this machine")
    try:
        found = content(artifact.path)
    except ValueError as error:
        raise NeverReusedError(f"its input {name} cannot be compared: {error}") from None
    return [
        found,
        artifact.name,
        [artifact.type.title, artifact.type.version],
        dict(artifact.metadata),
    ]
