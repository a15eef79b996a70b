"""Resolve a run's parameters, from flags and a file, by what the compiled file declares."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipelines.compiled import values
from pipelines.compiled.input_sources import Parameter
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
) -> dict[str, values.Value]:
    """Return all parameters of a run; flags win over the file, `defaults` and the pipeline's own.

    Raise `UsageError`, in one line, for a parameter that is unknown, missing or of another type,
    and for an empty source.
    """
    given: dict[str, values.Value] = {}
    for assignment in defaults:
        name, text = _split(assignment, "--default")
        given[name] = _checked(declared, name, text, "--default", values.parse)
    for name, value in (_read_file(file) if file else {}).items():
        given[name] = _checked(declared, name, value, f"{file}:", values.check)
    flags = dict(_split(assignment, "--param") for assignment in assignments)
    for name, text in flags.items():
        given[name] = _checked(declared, name, text, "--param", values.parse)
    if register is not None:
        if "register" in flags:
            raise UsageError("give either --register/--no-register or --param register=, not both")
        given["register"] = _checked(declared, "register", register, "--register:", values.check)
    return complete(declared, given)


def complete(
    declared: Mapping[str, Parameter], chosen: Mapping[str, values.Value]
) -> dict[str, values.Value]:
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


def _checked(
    declared: Mapping[str, Parameter],
    name: str,
    given: Any,
    where: str,
    read: Callable[[Any, int], values.Value],
) -> values.Value:
    """Return a value as `read` reads it; `where` it was given is the start of every error."""
    if name not in declared:
        raise UsageError(
            f"{where.removesuffix(':')}: the pipeline has no parameter {name!r}; its parameters are"
            f" {', '.join(sorted(declared))}"
        )
    default = declared[name].default
    try:
        value = declared[name].allowed(read(given, declared[name].kind))
        if name == _NEVER_EMPTY and default and not str(value).strip():
            raise ValueError(
                f"{value!r} is empty; give a path or an address, or leave it out to read {default}"
            )
    except ValueError as error:
        raise UsageError(f"{where} {name}: {error}") from None
    return value


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
