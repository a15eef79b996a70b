"""Turn a recorded run into the parameters that repeat it."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.compiled import values
from pipelines.compiled.container import Container
from pipelines.compiled.graph import Pipeline, Task
from pipelines.compiled.input_sources import Constant, FromGraph
from pipelines.compiled.parameters import complete
from pipelines.compiled.values import Value
from pipelines.components.image import ImageReference
from pipelines.models.records import Record
from pipelines.system.errors import PinionError


def parameters_of(pipeline: Pipeline, records: Mapping[str, Record]) -> dict[str, Value]:
    """Return parameters that give every step its recorded values, and register nothing.

    Raises `PinionError` if no parameters of the pipeline do so.
    """
    given: dict[str, Value] = {}
    for component, task in tasks(pipeline):
        for name, value in records.get(component, Record()).parameters.items():
            source = task.parameters.get(name)
            where = f"{component} was run with {name}={value!r}"
            if not (
                isinstance(source, FromGraph)
                and source == FromGraph("", source.name)
                and source.name in pipeline.parameters
            ):
                _require_constant(task, name, value, where)
                continue
            held = _checked(pipeline, source.name, value, where)
            if given.setdefault(source.name, held) != held:
                raise PinionError(
                    f"{where}, but another step with {given[source.name]!r} for the same parameter"
                    f" {source.name!r}: they were not part of one run, so it cannot be repeated"
                )
    return complete(pipeline.parameters, {**given, "register": False})


def tasks(pipeline: Pipeline) -> Iterator[tuple[str, Task]]:
    """Yield the tasks that every run has, after their component's name, in the order of a run."""
    for task in pipeline.graph.tasks:
        if isinstance(task.body, Container):
            yield ImageReference.parse(task.body.image).component, task


def outputs(
    pipeline: Pipeline, records: Mapping[str, Record]
) -> Iterator[tuple[str, Task, str, str]]:
    """Yield component, task, output and SHA-256 of every recorded output, in the order of a run.

    A file that passes from step to step was hashed by the steps that read it.
    """
    named = [(*each, records.get(each[0], Record())) for each in tasks(pipeline)]
    read = {
        (source.task, source.name): record.inputs[name]
        for _, task, record in named
        for name, source in task.artifacts.items()
        if name in record.inputs
    }
    for component, task, record in named:
        files = {output: sha256 for (made, output), sha256 in read.items() if made == task.name}
        for output, sha256 in {**files, **record.outputs}.items():
            yield component, task, output, sha256


def _require_constant(task: Task, name: str, value: Any, where: str) -> None:
    """Require that a value without a parameter is a constant or the component's default."""
    source, declared = task.parameters.get(name), task.inputs.get(name)
    held = source.value if isinstance(source, Constant) else declared and declared.default
    if held != value:
        raise PinionError(
            f"{where}, but this pipeline has no parameter for {name}; run the steps by hand"
        )


def _checked(pipeline: Pipeline, name: str, value: Any, where: str) -> Value:
    try:
        return values.check(value, pipeline.parameters[name].kind)
    except ValueError as error:
        raise PinionError(f"{where}: the parameter {name!r}: {error}") from None
