"""Resolve KFP's placeholders in a container's command and arguments."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.compiled.values import Value, to_text
from pipelines.system.errors import PinionError

_PLACEHOLDER = re.compile(r"\{\{\$.*?\}\}")
_INPUT_PARAMETER = re.compile(r"\{\{\$\.inputs\.parameters\['([^']+)'\]\}\}")
_INPUT_ARTIFACT = re.compile(r"\{\{\$\.inputs\.artifacts\['([^']+)'\]\.(?:path|uri)\}\}")
_OUTPUT_ARTIFACT = re.compile(r"\{\{\$\.outputs\.artifacts\['([^']+)'\]\.(?:path|uri)\}\}")
_OUTPUT_PARAMETER = re.compile(r"\{\{\$\.outputs\.parameters\['([^']+)'\]\.output_file\}\}")
_RUN = re.compile(
    r"\{\{\$\.(pipeline_job_name|pipeline_job_resource_name|pipeline_job_uuid"
    r"|pipeline_task_name|pipeline_task_uuid)\}\}"
)
_EXECUTOR_INPUT = re.compile(r"\{\{\$\}\}")
_OUTPUT_FILE = re.compile(r"\{\{\$\.(outputs\.output_file|outputMetadataUri)\}\}")
_KNOWN = (
    _INPUT_PARAMETER, _INPUT_ARTIFACT, _OUTPUT_ARTIFACT, _OUTPUT_PARAMETER, _RUN,
    _EXECUTOR_INPUT, _OUTPUT_FILE,
)  # fmt: skip


# What KFP writes in place of an argument: a text, or a `Concat` or `IfPresent` object.
_Node = str | list[Any] | dict[str, Any]


@dataclass(frozen=True)
class Bindings:
    """The values of a task's placeholders; `artifacts` are addresses, usually paths."""

    parameters: Mapping[str, Value]
    artifacts: Mapping[str, str]
    run: Mapping[str, str]
    output_artifacts: Mapping[str, Path] = field(default_factory=dict)
    output_parameters: Mapping[str, Path] = field(default_factory=dict)
    executor_input: str = ""
    output_file: str = ""

    def present(self, name: str) -> bool:
        """Return whether an optional input was given."""
        return name in self.parameters or name in self.artifacts

    def lookup(self, placeholder: str) -> str:
        """Return the value of one placeholder; an optional input that was not given is empty."""
        if match := _INPUT_PARAMETER.fullmatch(placeholder):
            return to_text(self.parameters.get(match[1], ""))
        if match := _INPUT_ARTIFACT.fullmatch(placeholder):
            return self.artifacts.get(match[1], "")
        if match := _OUTPUT_ARTIFACT.fullmatch(placeholder):
            return str(self.output_artifacts[match[1]])
        if match := _OUTPUT_PARAMETER.fullmatch(placeholder):
            return str(self.output_parameters[match[1]])
        if match := _RUN.fullmatch(placeholder):
            return self.run[match[1]]
        if _EXECUTOR_INPUT.fullmatch(placeholder):
            return self.executor_input
        if _OUTPUT_FILE.fullmatch(placeholder):
            return self.output_file
        raise PinionError(f"the placeholder {placeholder} is not supported by this runner")


def resolve(arguments: Iterable[str], bindings: Bindings) -> list[str]:
    """Return the arguments for a process; `IfPresent` may add or remove some."""
    return [text for argument in arguments for text in _resolve(_structure(argument), bindings)]


def refuse_unknown(arguments: Iterable[str]) -> None:
    """Raise `PinionError` for the first placeholder that `resolve` does not support."""
    for argument in arguments:
        for text in _texts(_structure(argument)):
            for found in _PLACEHOLDER.findall(text):
                if not any(pattern.fullmatch(found) for pattern in _KNOWN):
                    raise PinionError(f"the placeholder {found} is not supported by this runner")


def parameters_of(argument: str, given: Set[str]) -> Iterator[str]:
    """Yield the input parameters that an argument needs when a task gives the inputs `given`.

    KFP's driver leaves an argument that contains an output to the launcher, which knows defaults.
    """
    if "$.outputs" not in argument:
        for text in _asked(_structure(argument), given):
            yield from _INPUT_PARAMETER.findall(text)


def substitute(text: str, bindings: Bindings) -> str:
    """Replace placeholders in one pass, so that a value that looks like one is not replaced."""
    return _PLACEHOLDER.sub(lambda match: bindings.lookup(match[0]), text)


def substitute_all(value: Value, bindings: Bindings) -> Value:
    """Replace placeholders in every text of a value, at any depth."""
    if isinstance(value, str):
        return substitute(value, bindings)
    if isinstance(value, list):
        return [substitute_all(item, bindings) for item in value]
    if isinstance(value, dict):
        return {key: substitute_all(item, bindings) for key, item in value.items()}
    return value


def _structure(argument: str) -> _Node:
    """Parse an argument, in place of which KFP may write a JSON object with Concat or IfPresent."""
    if not argument.startswith(('{"Concat"', '{"IfPresent"')):
        return argument
    try:
        node: _Node = json.loads(argument)
    except ValueError:
        return argument
    if not _well_formed(node):
        raise PinionError(f"the argument {argument} is neither a Concat nor an IfPresent")
    return node


def _well_formed(node: object) -> bool:
    match node:
        case str():
            return True
        case list():
            return all(map(_well_formed, node))
        case {"Concat": list(parts), **rest}:
            return not rest and _well_formed(parts)
        case {"IfPresent": {"InputName": str(), "Then": then, **rest}}:
            return rest.keys() <= {"Else"} and _well_formed([then, *rest.values()])
    return False


def _resolve(node: _Node, bindings: Bindings) -> list[str]:
    if isinstance(node, str):
        return [substitute(node, bindings)]
    if isinstance(node, list):
        return [text for item in node for text in _resolve(item, bindings)]
    if "Concat" in node:
        return ["".join(_resolve(node["Concat"], bindings))]
    condition = node["IfPresent"]
    branch = "Then" if bindings.present(condition["InputName"]) else "Else"
    return _resolve(condition.get(branch, []), bindings)


def _asked(node: _Node, given: Set[str]) -> Iterator[str]:
    """Yield the texts that are used when a task gives the inputs `given`."""
    if isinstance(node, dict) and "IfPresent" in node:
        condition = node["IfPresent"]
        branch = "Then" if condition["InputName"] in given else "Else"
        yield from _asked(condition.get(branch, []), given)
    elif isinstance(node, dict):
        yield from _asked(node["Concat"], given)
    elif isinstance(node, list):
        for item in node:
            yield from _asked(item, given)
    else:
        yield node


def _texts(node: _Node) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif "Concat" in node:
        yield from _texts(node["Concat"])
    else:
        yield from _texts([node["IfPresent"].get(branch, []) for branch in ("Then", "Else")])
