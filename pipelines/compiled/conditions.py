"""Evaluate the conditions of a compiled file, which KFP writes in CEL."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pipelines.compiled.values import Value
from pipelines.system.errors import PinionError

# What KFP writes for `dsl.If(value == "text")` and `== True`. It is evaluated without the CEL
# library, which takes 0.3 s to load, nearly as long as a whole run whose steps are all cached.
_EQUAL = re.compile(r"inputs\.parameter_values\['([^'\\]+)'\] == (?:(true|false)|'([^'\\\r\n]*)')")


def check(conditions: Iterable[str]) -> None:
    """Raise `PinionError` for the first condition that is not CEL."""
    for condition in conditions:
        if not _EQUAL.fullmatch(condition):
            _program(condition)


def holds(condition: str, parameters: Mapping[str, Value]) -> bool:
    """Return whether a trigger condition is true for a task's input parameters.

    Raise `PinionError` for an expression that CEL refuses or whose value is not a Boolean.
    """
    if equal := _EQUAL.fullmatch(condition):
        name, switch, text = equal.groups()
        value = parameters.get(name)
        if isinstance(value, str) and switch is None:
            return value == text
        if isinstance(value, bool) and text is None:
            return value == (switch == "true")
    import celpy

    try:
        inputs: Any = celpy.json_to_cel({"parameter_values": dict(parameters)})
        result = _program(condition).evaluate({"inputs": inputs})
    except (celpy.CELEvalError, TypeError, ValueError) as error:
        raise PinionError(f"the condition {condition!r} cannot be evaluated: {error}") from error
    if not isinstance(result, celpy.celtypes.BoolType):
        raise PinionError(f"the condition {condition!r} is {result!r}, not true or false")
    return bool(result)


# Cached, because a condition in a loop is evaluated once for every item.
@cache
def _program(condition: str) -> Any:
    import celpy

    environment = celpy.Environment()
    try:
        return environment.program(environment.compile(condition))
    except celpy.CELParseError as error:
        raise PinionError(f"the condition {condition!r} is not CEL: {error}") from error
