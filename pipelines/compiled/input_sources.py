"""Find out where a task's inputs come from: constants, the graph around it, and other tasks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format

from pipelines.compiled import values


@dataclass(frozen=True)
class Parameter:
    """An input parameter: its KFP type, its default if it has one, and the only values it takes.

    Without `literals`, it takes any value of its type.
    """

    kind: int
    default: values.Value | None
    optional: bool = False
    literals: tuple[values.Value, ...] = ()

    def allowed(self, value: values.Value) -> values.Value:
        """Return a value that the parameter takes; raise `ValueError` for another."""
        if self.literals and value not in self.literals:
            known = ", ".join(map(repr, self.literals))
            raise ValueError(f"{value!r} is not allowed; give one of {known}")
        return value

    def convert(self, value: values.Value) -> values.Value:
        """Return a value of another declared type as this one's; raise `ValueError` otherwise."""
        return self.allowed(values.convert(value, self.kind))


@dataclass(frozen=True)
class Constant:
    """A value in the compiled file."""

    value: values.Value


@dataclass(frozen=True)
class FromGraph:
    """An output of another task in the same graph or, if `task` is empty, an input of the graph.

    `member` is a key of that value, an object such as the item of a loop; empty means all of it.
    """

    task: str
    name: str
    member: str = ""


@dataclass(frozen=True)
class FinalStatus:
    """The final status of another task in the same graph."""

    task: str


Source = Constant | FromGraph | FinalStatus

# The only expression that KFP's compiler writes; the field could hold others.
_MEMBER = re.compile(r'(?:parseJson\(string_value\)\["([^"]+)"\])?')
_ONLY_IN_A_COMMAND = re.compile(r"\{\{\$(\}\}|\.output)")


def producer(source: Source) -> str:
    """Return the task that a source needs; empty if it needs none."""
    return "" if isinstance(source, Constant) else source.task


def strings(value: values.Value) -> Iterator[str]:
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
        name: Parameter(
            declared.parameter_type,
            _default(name, declared),
            declared.is_optional,
            _literals(name, declared),
        )
        for name, declared in component.input_definitions.parameters.items()
    }


def _literals(name: str, declared: Any) -> tuple[values.Value, ...]:
    try:
        return tuple(values.from_proto(each, declared.parameter_type) for each in declared.literals)
    except ValueError as error:
        raise ValueError(f"the allowed values of {name!r}: {error}") from None


def _default(name: str, declared: Any) -> values.Value | None:
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


def read_artifact_sources(task: Any) -> dict[str, FromGraph]:
    """Return the sources of a task's input artifacts."""
    return {
        name: FromGraph(
            # A field of KFP's messages that is not set is empty.
            message.task_output_artifact.producer_task,
            message.component_input_artifact or message.task_output_artifact.output_artifact_key,
        )
        for name, message in task.inputs.artifacts.items()
    }


def _parameter_source(message: Any, declared: Parameter | None) -> Source:
    match message.WhichOneof("kind"):
        case "task_final_status":
            return FinalStatus(message.task_final_status.producer_task)
        case "runtime_value":
            return Constant(_constant(message.runtime_value.constant, declared))
    selector = message.parameter_expression_selector
    if not (member := _MEMBER.fullmatch(selector)):
        raise ValueError(f"the selector {selector} is not supported by this runner")
    return FromGraph(
        message.task_output_parameter.producer_task,
        message.component_input_parameter or message.task_output_parameter.output_parameter_key,
        member[1] or "",
    )


def _constant(message: Any, declared: Parameter | None) -> values.Value:
    # KFP passes a limit as an input that the component does not declare.
    value: values.Value = (
        declared.allowed(values.from_proto(message, declared.kind))
        if declared
        else json_format.MessageToDict(message)
    )
    for text in strings(value):
        if _ONLY_IN_A_COMMAND.search(text):
            raise ValueError(
                f"the value {text!r} holds a placeholder that is allowed only in a command"
            )
    return value
