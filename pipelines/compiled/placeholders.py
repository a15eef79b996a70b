"""Resolve KFP's placeholders in a container's command and arguments."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.compiled.values import Value, to_argument
from pipelines.system.errors import PinionError

_PLACEHOLDER = re.compile(r"\{\{\$.*?\}\}")
# Every placeholder that is supported, in a group that says where its value comes from.
_KNOWN = re.compile(
    r"""\{\{\$(?:
        \.inputs\.parameters\['(?P<input_parameter>[^']+)'\]
      | \.inputs\.artifacts\['(?P<input_artifact>[^']+)'\]\.(?:path|uri)
      | \.outputs\.artifacts\['(?P<output_artifact>[^']+)'\]\.(?:path|uri)
      | \.outputs\.parameters\['(?P<output_parameter>[^']+)'\]\.output_file
      | \.(?P<run>pipeline_(?:job_name|job_resource_name|job_uuid|task_name|task_uuid))
      | \.(?P<output_file>outputs\.output_file|outputMetadataUri)
      | (?P<executor_input>)
    )\}\}""",
    re.VERBOSE,
)

# What KFP writes in place of an argument: a text, or a `Concat` or `IfPresent` object.
Node = str | list[Any] | dict[str, Any]


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

    def lookup(self, placeholder: str) -> str:
        """Return the value of one placeholder; an optional input that was not given is empty."""
        found = _known(placeholder)
        kind = found.lastgroup or ""
        match kind:
            case "input_parameter":
                return to_argument(self.parameters.get(found[kind], ""))
            case "input_artifact":
                return self.artifacts.get(found[kind], "")
            case "output_artifact":
                return str(self.output_artifacts[found[kind]])
            case "output_parameter":
                return str(self.output_parameters[found[kind]])
            case "run":
                return self.run[found[kind]]
            case "executor_input":
                return self.executor_input
        return self.output_file


def resolve(arguments: Iterable[str], bindings: Bindings) -> list[str]:
    """Return the arguments for a process; `IfPresent` may add or remove some."""
    return [text for argument in arguments for text in _resolve(structure(argument), bindings)]


def refuse_unknown(arguments: Iterable[str]) -> None:
    """Raise `PinionError` for the first placeholder that `resolve` does not support."""
    for argument in arguments:
        for text in _texts(structure(argument)):
            for placeholder in _PLACEHOLDER.findall(text):
                _known(placeholder)


def _known(placeholder: str) -> re.Match[str]:
    if found := _KNOWN.fullmatch(placeholder):
        return found
    raise PinionError(f"the placeholder {placeholder} is not supported by this runner")


def found(text: str) -> Iterator[re.Match[str]]:
    """Yield the supported placeholders of a text; its last group says what each stands for."""
    yield from _KNOWN.finditer(text)


def substitute(text: str, bindings: Bindings) -> str:
    """Replace placeholders in one pass, so that a value that looks like one is not replaced."""
    return _PLACEHOLDER.sub(lambda match: bindings.lookup(match[0]), text)


def substitute_all(value: Value, bindings: Bindings) -> Value:
    """Replace placeholders in every text of a value, at any depth."""
    match value:
        case str():
            return substitute(value, bindings)
        case list():
            return [substitute_all(item, bindings) for item in value]
        case dict():
            return {key: substitute_all(item, bindings) for key, item in value.items()}
    return value


def structure(argument: str) -> Node:
    """Parse an argument, in place of which KFP may write a JSON object: Concat or IfPresent."""
    if not argument.startswith(('{"Concat"', '{"IfPresent"')):
        return argument
    try:
        node: Node = json.loads(argument)
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


def _resolve(node: Node, bindings: Bindings) -> list[str]:
    match node:
        case str():
            return [substitute(node, bindings)]
        case list():
            return [text for item in node for text in _resolve(item, bindings)]
        case {"Concat": parts}:
            return ["".join(_resolve(parts, bindings))]
    condition = node["IfPresent"]
    given = {*bindings.parameters, *bindings.artifacts}
    branch = "Then" if condition["InputName"] in given else "Else"
    return _resolve(condition.get(branch, []), bindings)


def _texts(node: Node) -> Iterator[str]:
    match node:
        case str():
            yield node
        case list():
            for item in node:
                yield from _texts(item)
        case {"Concat": parts}:
            yield from _texts(parts)
        case {"IfPresent": condition}:
            yield from _texts([condition.get(branch, []) for branch in ("Then", "Else")])
