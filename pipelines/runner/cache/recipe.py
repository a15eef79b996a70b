"""What a container task is made of: all that can change what comes out of it."""

import hashlib
import json
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
from pipelines.runner.task.artifacts import Artifact, Values
from pipelines.system.urls import without_secrets

# What the steps record of the release that they are in. A change of one step must not run the
# others again, whose records then say what they were really made by.
_NOT_OF_THE_RESULT = {RELEASE, COMPONENTS}
_NAME_OF_THE_RUN = "{{$.pipeline_"
_TRACKING = "mlflow_tracking_uri"
# The part that is what its program is.
CODE = "its code"
# Changed when the same parts no longer mean the same result.
_FORMAT = "1"
# What a part is, before its name: as it is said, both are plain without it.
_KIND = re.compile("^(input|parameter|its|the) ")
# As many as a line can name.
_NAMED = 3


class NeverReusedError(Exception):
    """A task of which nothing is kept, for a reason."""


@dataclass(frozen=True)
class Recipe:
    """The parts by their names, each as a hash: they may hold what is secret.

    `tracking_uri` is where a task that tracks does so, None for one that does not.
    """

    parts: Mapping[str, str]
    tracking_uri: str | None

    @cached_property
    def key(self) -> str:
        """One hash of all parts."""
        return _hash([_FORMAT, dict(self.parts)])

    def changed(self, before: Mapping[str, str]) -> str:
        """Which parts are not those of before, as a line can say it."""
        names = [
            name
            for name in dict.fromkeys([*self.parts, *before])
            if self.parts.get(name) != before.get(name)
        ]
        more = len(names) - _NAMED
        said = ", ".join(_KIND.sub("", name) for name in names[:_NAMED])
        return f"changed: {said}" + (f" and {more} more" if more > 0 else "")


def recipe(
    task: Task,
    container: Container,
    inputs: Values,
    program: Callable[[str], str],
    content: Callable[[Path], str],
    store: str,
) -> Recipe:
    """The parts of a task; raises `NeverReusedError`.

    `program` gives what an image runs, `content` the hash of a file or folder, and `store` is the
    tracking URI of tasks that are given none.
    """
    refuse(task, container)
    tracking = inputs.parameters.get(_TRACKING)
    uri = str(tracking or store)
    parts = {
        CODE: program(container.image),
        **_of_container(container),
        "its cache key": _hash(task.cache_key),
        "the tracking store": _hash(without_secrets(uri)),
        **_of_inputs(inputs, content),
    }
    return Recipe(parts, uri if tracking is not None else None)


def _of_container(container: Container) -> dict[str, str]:
    told = {
        name: value
        for name, value in container.environment.items()
        if name not in _NOT_OF_THE_RESULT
    }
    return {
        "its command": _hash(container.command),
        "its environment": _hash(told),
        "its outputs": _hash([sorted(container.artifacts), dict(container.parameters)]),
    }


def _of_inputs(inputs: Values, content: Callable[[Path], str]) -> dict[str, str]:
    artifacts = {
        f"input {name}": _hash(_artifact(name, artifact, content))
        for name, artifact in sorted(inputs.artifacts.items())
    }
    parameters = {
        f"parameter {name}": _hash(values.to_text(value))
        for name, value in sorted(inputs.parameters.items())
        # The tracking URI is a part of its own, resolved.
        if name != _TRACKING
    }
    return {**artifacts, **parameters}


def refuse(task: Task, container: Container) -> None:
    """Raises `NeverReusedError` for a task whose parts are not all that it depends on."""
    if not task.cached:
        raise NeverReusedError("caching is off for this step")
    if task.always:
        raise NeverReusedError("it tells how others ended")
    if any(_NAME_OF_THE_RUN in text for text in container.texts()):
        raise NeverReusedError("it is given the name of the run")


def _artifact(name: str, artifact: Artifact, content: Callable[[Path], str]) -> list[Any]:
    if not artifact.path.exists():
        raise NeverReusedError(f"its input {name} is not on this machine")
    try:
        found = content(artifact.path)
    except ValueError as error:
        raise NeverReusedError(f"its input {name} cannot be compared: {error}") from None
    kind = [artifact.type.title, artifact.type.version]
    return [found, artifact.name, kind, dict(artifact.metadata)]


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
