"""A recorded run as one that can be started again: its parameters, as the pipeline takes them."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.compiled import values
from pipelines.compiled.container import Container
from pipelines.compiled.graph import Pipeline, Task
from pipelines.compiled.input_sources import Constant, FromParent, FromTask
from pipelines.compiled.parameters import complete
from pipelines.compiled.values import Value
from pipelines.components.image import ImageReference
from pipelines.models.records import Record
from pipelines.system.errors import PinionError


def parameters_of(pipeline: Pipeline, records: Mapping[str, Record]) -> dict[str, Value]:
    """The parameters of a run that gives every step what was recorded, and registers nothing.

    Raises `PinionError` where the pipeline cannot give it.
    """
    given: dict[str, Value] = {}
    for component, task in tasks(pipeline):
        for name, value in records.get(component, Record()).parameters.items():
            source = task.parameters.get(name)
            where = f"{component} was given {name} {value!r}"
            if not isinstance(source, FromParent) or source.name not in pipeline.parameters:
                _require_held(task, name, value, where)
                continue
            held = _held(pipeline, source.name, value, where)
            if given.setdefault(source.name, held) != held:
                raise PinionError(
                    f"{where}, and another step {given[source.name]!r} for the same parameter"
                    f" {source.name!r}: they were not of one run, which cannot be repeated"
                )
    return complete(pipeline.parameters, {**given, "register": False})


def tasks(pipeline: Pipeline) -> Iterator[tuple[str, Task]]:
    """The tasks that every run has, behind the names of their components, in an order of a run."""
    for task in pipeline.graph.tasks:
        if isinstance(task.body, Container):
            yield ImageReference.parse(task.body.image).component, task


def outputs(
    pipeline: Pipeline, records: Mapping[str, Record]
) -> Iterator[tuple[str, Task, str, str]]:
    """Component, task, output and SHA-256 of all that was recorded, in an order of a run.

    A file that goes from step to step was hashed by those that read it.
    """
    named = [(*each, records.get(each[0], Record())) for each in tasks(pipeline)]
    read = {
        (source.task, source.output): record.inputs[name]
        for _, task, record in named
        for name, source in task.artifacts.items()
        if isinstance(source, FromTask) and name in record.inputs
    }
    for component, task, record in named:
        files = {output: sha256 for (made, output), sha256 in read.items() if made == task.name}
        for output, sha256 in {**files, **record.outputs}.items():
            yield component, task, output, sha256


def _require_held(task: Task, name: str, value: Any, where: str) -> None:
    """What the pipeline has no parameter for is a constant of it, or the component's default."""
    source, declared = task.parameters.get(name), task.inputs.get(name)
    held = source.value if isinstance(source, Constant) else declared and declared.default
    if held != value:
        raise PinionError(f"{where}, which this pipeline has no parameter for; run it by hand")


def _held(pipeline: Pipeline, name: str, value: Any, where: str) -> Value:
    try:
        return values.check(value, pipeline.parameters[name].kind)
    except ValueError as error:
        raise PinionError(f"{where}: the parameter {name!r}: {error}") from None
