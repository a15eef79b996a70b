"""Resolve a run's parameters, from flags and a file, by what the compiled file declares."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipelines.compiled import values
from pipelines.compiled.input_sources import Parameter
from pipelines.compiled.values import Value
from pipelines.system import yaml_text
from pipelines.system.errors import UsageError

# For any other parameter an empty text means that it was not given. An empty source would be read
# as the default, a sample, which is never what a user who gives a source means.
_NEVER_EMPTY = "source"


def resolve(
    declared: Mapping[str, Parameter],
    assignments: Iterable[str],
    file: Path | None,
    register: bool | None,
    defaults: Iterable[str] = (),
) -> dict[str, Value]:
    """Return all parameters of a run; flags win over the file, `defaults` and the pipeline's own.

    Raise `UsageError`, in one line, for a parameter that is unknown, missing or of another type,
    and for an empty source.
    """
    given: dict[str, Value] = {}
    for assignment in defaults:
        name, text = _split(assignment, "--default")
        given[name] = _parsed(declared, name, text, "--default")
    for name, value in (_read_file(file) if file else {}).items():
        given[name] = _held(declared, name, value, str(file))
    flags = dict(_split(assignment, "--param") for assignment in assignments)
    for name, text in flags.items():
        given[name] = _parsed(declared, name, text, "--param")
    if register is not None:
        if "register" in flags:
            raise UsageError("give either --register/--no-register or --param register=, not both")
        given["register"] = _held(declared, "register", register, "--register")
    return complete(declared, given)


def complete(declared: Mapping[str, Parameter], chosen: Mapping[str, Value]) -> dict[str, Value]:
    """Return the chosen values, and the pipeline's defaults of the other parameters.

    Raise `UsageError` if a parameter has neither.
    """
    given = dict(chosen)
    for name, declaration in declared.items():
        if name not in given and declaration.default is not None:
            given[name] = declaration.default
        elif name not in given and not declaration.optional:
            raise UsageError(f"the pipeline needs a value for {name!r}; give --param {name}=VALUE")
    return given


def _split(assignment: str, flag: str) -> tuple[str, str]:
    name, equals, text = assignment.partition("=")
    if name and equals:
        return name, text
    raise UsageError(f"{flag} {assignment!r} is not NAME=VALUE")


def _parsed(declared: Mapping[str, Parameter], name: str, text: str, flag: str) -> Value:
    declaration = _declaration(declared, name, flag)
    try:
        return _filled(name, values.parse(text, declaration.kind), declaration)
    except ValueError as error:
        raise UsageError(f"{flag} {name}: {error}") from None


def _held(declared: Mapping[str, Parameter], name: str, value: object, where: str) -> Value:
    declaration = _declaration(declared, name, where)
    try:
        return _filled(name, values.check(value, declaration.kind), declaration)
    except ValueError as error:
        raise UsageError(f"{where}: {name}: {error}") from None


def _filled(name: str, value: Value, declaration: Parameter) -> Value:
    """Return the value; raise `ValueError` if it is empty and would be read as the default."""
    if name == _NEVER_EMPTY and declaration.default and not str(value).strip():
        raise ValueError(
            f"{value!r} is empty; give a path or an address, or leave it out to read"
            f" {declaration.default}"
        )
    return value


def _declaration(declared: Mapping[str, Parameter], name: str, where: str) -> Parameter:
    if name not in declared:
        raise UsageError(
            f"{where}: the pipeline has no parameter {name!r}; its parameters are"
            f" {', '.join(sorted(declared))}"
        )
    return declared[name]


def _read_file(file: Path) -> dict[str, Any]:
    try:
        content = yaml_text.document(file.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--params {file}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise UsageError(f"--params {file}: not YAML: {error}") from None
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise UsageError(f"--params {file}: the file must map parameter names to values")
    return content
