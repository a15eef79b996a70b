"""Find the values of a task's inputs, once the tasks before it have ended."""

import json
from collections.abc import Mapping
from typing import Any

from pipelines.compiled import placeholders, values
from pipelines.compiled.container import Container
from pipelines.compiled.graph import Loop, Task
from pipelines.compiled.input_sources import (
    Constant,
    FinalStatus,
    FromGraph,
    Source,
)
from pipelines.runner.outcomes import Outcome
from pipelines.runner.task.backend import Values
from pipelines.system.errors import PinionError


def resolve(
    task: Task, given: Values, done: Mapping[str, Outcome], run: Mapping[str, str]
) -> Values:
    """Return a task's inputs, from the inputs of its graph and the outcomes of other tasks.

    An input without a value, because a task was skipped or a parameter not given, is left out.
    Raises `PinionError` if a container needs that input, or if a value does not have its type.
    """
    # The inputs of the graph are like the outputs of a task without a name.
    held = {"": given, **{name: outcome.outputs for name, outcome in done.items()}}
    inputs = Values(
        {name: each.default for name, each in task.inputs.items() if each.default is not None},
        {
            name: artifact
            for name, source in task.artifacts.items()
            if (artifact := held[source.task].artifacts.get(source.name))
        },
    )
    for name, source in task.parameters.items():
        value = _value(source, held, done, run)
        if value is not None:
            inputs.parameters[name] = _typed(task, name, source, value)
    _complete(task, inputs, run)
    _check(task, inputs)
    return inputs


def items(loop: Loop, inputs: Values) -> list[values.Value]:
    """Return the items of a loop; raise `PinionError` if its input is not a list."""
    if isinstance(loop.items, list):
        return loop.items
    value = inputs.parameters.get(loop.items)
    if not isinstance(value, list):
        raise PinionError(f"it loops over {value!r}, which is not a list; give it a list")
    return value


def _complete(task: Task, inputs: Values, run: Mapping[str, str]) -> None:
    """Fill in constants that name other inputs of their task, as KFP compiles an f-string."""
    bindings = placeholders.Bindings(
        dict(inputs.parameters),
        {name: artifact.uri for name, artifact in inputs.artifacts.items()},
        run,
    )
    for name, source in task.parameters.items():
        if isinstance(source, Constant):
            inputs.parameters[name] = placeholders.substitute_all(source.value, bindings)


def _check(task: Task, inputs: Values) -> None:
    if not isinstance(task.body, Container):
        return
    needed = [name for name, each in task.inputs.items() if not each.optional]
    for name in [*needed, *(task.artifacts.keys() - task.optional_artifacts)]:
        if name not in inputs.parameters and name not in inputs.artifacts:
            raise PinionError(
                f"its input {name!r} has no value, because the step that provides it was skipped or"
                " the parameter was not given; give the input a default, or make it optional"
            )


def _value(
    source: Source,
    held: Mapping[str, Values],
    done: Mapping[str, Outcome],
    run: Mapping[str, str],
) -> values.Value | None:
    match source:
        case Constant(constant):
            return constant
        case FinalStatus(task):
            return done[task].final_status(task, run["pipeline_job_resource_name"])
        case FromGraph(task, name, member):
            value = held[task].parameters.get(name)
            return _member(value, member) if member and value is not None else value


def _member(value: values.Value, key: str) -> Any:
    # For KFP, the items of a list without a declared type are strings.
    try:
        mapping = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        mapping = None
    if not isinstance(mapping, dict) or key not in mapping:
        raise PinionError(f"the value {value!r} has no member {key!r}")
    return mapping[key]


def _typed(task: Task, name: str, source: Source, value: values.Value) -> values.Value:
    if isinstance(source, Constant | FinalStatus) or name not in task.inputs:
        return value
    try:
        return task.inputs[name].convert(value)
    except ValueError as error:
        raise PinionError(f"its input {name!r}: {error}") from None
