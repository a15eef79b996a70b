"""Parameter values: their KFP types, and how they are read from text and written into arguments."""

import json
import sys
from decimal import Decimal
from typing import Any, TypeGuard

from google.protobuf import json_format
from google.protobuf.message import Message

from pipelines.compiled.kfp_messages import spec
from pipelines.system.errors import PinionError

Value = str | int | float | bool | list[Any] | dict[str, Any]

_TYPES = spec.ParameterType
_NAMES = {
    _TYPES.STRING: "a text",
    _TYPES.NUMBER_INTEGER: "a whole number",
    _TYPES.NUMBER_DOUBLE: "a number",
    _TYPES.BOOLEAN: "true or false",
    _TYPES.LIST: "a JSON list",
    _TYPES.STRUCT: "a JSON object",
}


def parse(text: str, kind: int) -> Value:
    """Reads a value as a step or a user wrote it; raises `ValueError` saying what was expected."""
    if kind == _TYPES.STRING:
        return check(text, kind)
    try:
        value = json.loads(text.lower() if kind == _TYPES.BOOLEAN else text)
    except (ValueError, RecursionError):
        raise ValueError(f"{text!r} is not {_name(kind)}") from None
    return check(value, kind)


def check(value: object, kind: int) -> Value:
    """Holds a value against its type; raises `ValueError`. A whole number is also a number."""
    if kind == _TYPES.NUMBER_INTEGER and _is_number(value) and value == int(value):
        return int(value)
    if kind == _TYPES.NUMBER_DOUBLE and _is_number(value):
        return float(value)
    if kind in (_TYPES.LIST, _TYPES.STRUCT):
        _refuse_foreign(value)
    if isinstance(value, str) and "\0" in value:
        raise ValueError(f"{value!r} holds a null character, which no argument can")
    plain = {_TYPES.STRING: str, _TYPES.BOOLEAN: bool, _TYPES.LIST: list, _TYPES.STRUCT: dict}
    if kind in plain and isinstance(value, str | bool | list | dict) and type(value) is plain[kind]:
        return value
    raise ValueError(f"{value!r} is not {_name(kind)}")


def from_proto(value: Message, kind: int) -> Value:
    """The value that a compiled file holds, where every number is a double."""
    held = check(json_format.MessageToDict(value), kind)
    return whole(held) if isinstance(held, list | dict) else held


def convert(value: Value, kind: int) -> Value:
    """Takes a value where another type is declared; raises `ValueError`.

    Only a text is ever made of something else, as KFP's driver does.
    """
    return to_text(value) if kind == _TYPES.STRING else check(value, kind)


def to_text(value: Value) -> str:
    """The value as it stands in an argument, in the spelling of KFP's launcher.

    A protobuf knows one kind of number, so that 3.0 reaches a step as 3 on a cluster, and here;
    and its maps have no order, so that keys are sorted.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(), "f")
    return json.dumps(whole(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def whole(value: Value) -> Value:
    """A value with its whole numbers as such, which a protobuf makes doubles."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [whole(item) for item in value]
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    return value


def _is_number(value: object) -> TypeGuard[int | float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # A whole number may be too long for a float, as it would be in a protobuf.
    return abs(value) <= sys.float_info.max


def _refuse_foreign(value: object) -> None:
    """Raises `ValueError` for what JSON cannot hold; YAML reads dates, and not a number."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{value!r} holds what JSON cannot: {error}") from None


def _name(kind: int) -> str:
    if kind not in _NAMES:
        raise PinionError(
            f"parameters of type {_TYPES.ParameterTypeEnum.Name(kind)} have no meaning here"
        )
    return _NAMES[kind]
