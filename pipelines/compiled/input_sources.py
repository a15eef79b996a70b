"""Find out where a task's inputs come from: constants, the graph around it, and other tasks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format

from pipelines.compiled import values
from pipelines.compiled.values import Value


@dataclass(frozen=True)
class Parameter:
    """An input parameter: its KFP type, and its default if it has one."""

    kind: int
    default: Value | None
    optional: bool = False


@dataclass(frozen=True)
class Constant:
    """A value in the compiled file."""

    value: Value


@dataclass(frozen=True)
class FromParent:
    """An input of the graph around the task."""

    name: str


@dataclass(frozen=True)
class FromTask:
    """An output of another task in the same graph."""

    task: str
    output: str


@dataclass(frozen=True)
class Member:
    """One key of an object, such as the item of a loop."""

    source: FromParent | FromTask
    key: str


@dataclass(frozen=True)
class FinalStatus:
    """The final status of another task in the same graph."""

    task: str


Source = Constant | FromParent | FromTask | Member | FinalStatus

# The only expression that KFP's compiler writes; the field could hold others.
_MEMBER = re.compile(r'parseJson\(string_value\)\["([^"]+)"\]')
_ONLY_IN_A_COMMAND = re.compile(r"\{\{\$(\}\}|\.output)")


def producer(source: Source) -> str | None:
    """Return the task that a source needs, or None."""
    match source:
        case FromTask(task=task) | FinalStatus(task=task) | Member(source=FromTask(task=task)):
            return task
    return None


def strings(value: Value) -> Iterator[str]:
    """Yield every text in a value, at any depth."""
    match value:
        case str():
            yield value
        case list() | dict():
            for item in value.values() if isinstance(value, dict) else value:
                yield from strings(item)


def read_parameters(component: Any) -> dict[str, Parameter]:
    """Return a component's input parameters; raise `ValueError` for a default of another type."""
    return {
        name: Parameter(declared.parameter_type, _default(name, declared), declared.is_optional)
        for name, declared in component.input_definitions.parameters.items()
    }


def _default(name: str, declared: Any) -> Value | None:
    if not declared.HasField("default_value"):
        return None
    try:
        return values.from_proto(declared.default_value, declared.parameter_type)
    except ValueError as error:
        raise ValueError(f"the default of {name!r}: {error}") from None


def read_parameter_sources(task: Any, declared: Mapping[str, Parameter]) -> dict[str, Source]:
    """Return the sources of a task's input parameters; raise `ValueError` for an unknown kind."""
    return {
        name: _parameter_source(message, declared.get(name))
        for name, message in task.inputs.parameters.items()
    }


def read_artifact_sources(task: Any) -> dict[str, FromParent | FromTask]:
    """Return the sources of a task's input artifacts."""
    return {name: _artifact_source(message) for name, message in task.inputs.artifacts.items()}


def _parameter_source(message: Any, declared: Parameter | None) -> Source:
    source: FromParent | FromTask
    match message.WhichOneof("kind"):
        case "task_final_status":
            return FinalStatus(message.task_final_status.producer_task)
        case "runtime_value":
            return Constant(_constant(message.runtime_value.constant, declared))
        case "component_input_parameter":
            source = FromParent(message.component_input_parameter)
        case _:
            produced = message.task_output_parameter
            source = FromTask(produced.producer_task, produced.output_parameter_key)
    if not (selector := message.parameter_expression_selector):
        return source
    if member := _MEMBER.fullmatch(selector):
        return Member(source, member[1])
    raise ValueError(f"the selector {selector} is not supported by this runner")


def _constant(message: Any, declared: Parameter | None) -> Value:
    # KFP passes a limit as an input that the component does not declare.
    value: Value = (
        values.from_proto(message, declared.kind)
        if declared
        else json_format.MessageToDict(message)
    )
    for text in strings(value):
        if _ONLY_IN_A_COMMAND.search(text):
            raise ValueError(
                f"the value {text!r} holds a placeholder that is allowed only in a command"
            )
    return value


def _artifact_source(message: Any) -> FromParent | FromTask:
    if message.HasField("component_input_artifact"):
        return FromParent(message.component_input_artifact)
    produced = message.task_output_artifact
    return FromTask(produced.producer_task, produced.output_artifact_key)
