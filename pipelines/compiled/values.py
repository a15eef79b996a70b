"""Check parameter values by KFP type, read them from text and write them into arguments."""

import json
import re
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
# What Go's `ParseBool` and `ParseInt` take.
_TRUE = {"1", "t", "T", "true", "TRUE", "True"}
_FALSE = {"0", "f", "F", "false", "FALSE", "False"}
_DIGITS = re.compile(r"-?[0-9]+")


def parse(text: str, kind: int) -> Value:
    """Read a value that a user wrote; raise `ValueError` if it is of another type."""
    if kind == _TYPES.STRING:
        return check(text, kind)
    try:
        value = json.loads(text.lower() if kind == _TYPES.BOOLEAN else text)
    except (ValueError, RecursionError):
        raise ValueError(f"{text!r} is not {_name(kind)}") from None
    return check(value, kind)


def parse_output(text: str, kind: int) -> Value:
    """Read a value that a step wrote, as strictly as KFP's launcher; raise `ValueError`."""
    written = text.strip()
    if kind == _TYPES.NUMBER_INTEGER and not _DIGITS.fullmatch(written):
        raise ValueError(f"{text!r} is not {_name(kind)}")
    if kind == _TYPES.BOOLEAN:
        if written not in _TRUE | _FALSE:
            raise ValueError(f"{text!r} is not {_name(kind)}")
        return written in _TRUE
    return parse(text, kind)


def check(value: object, kind: int) -> Value:
    """Return a value if it is of a type; else raise `ValueError`. A whole number is a number."""
    if kind == _TYPES.NUMBER_INTEGER and _is_number(value) and value == int(value):
        return int(value)
    if kind == _TYPES.NUMBER_DOUBLE and _is_number(value):
        return float(value)
    if kind in (_TYPES.LIST, _TYPES.STRUCT):
        _refuse_foreign(value)
    if isinstance(value, str) and "\0" in value:
        raise ValueError(
            f"{value!r} holds a null character, which a program's argument cannot contain"
        )
    plain = {_TYPES.STRING: str, _TYPES.BOOLEAN: bool, _TYPES.LIST: list, _TYPES.STRUCT: dict}
    if kind in plain and isinstance(value, str | bool | list | dict) and type(value) is plain[kind]:
        return value
    raise ValueError(f"{value!r} is not {_name(kind)}")


def from_proto(value: Message, kind: int) -> Value:
    """Return the value of a protobuf, in which every number is a double."""
    held = check(json_format.MessageToDict(value), kind)
    return whole(held) if isinstance(held, list | dict) else held


def convert(value: Value, kind: int) -> Value:
    """Convert a value to another declared type; raise `ValueError` if that is not possible.

    As in KFP's driver, any value can become a text, and no other conversion exists.
    """
    return to_text(value) if kind == _TYPES.STRING else check(value, kind)


def to_argument(value: Value) -> str:
    """Return the value as an argument, spelled as KFP's driver spells it.

    It is Go's `%g`, which has an exponent for numbers from a million on that are not whole, and
    for those below 0.0001.
    """
    if isinstance(value, float) and not value.is_integer():
        number = Decimal(repr(value)).normalize()
        if not -4 <= number.adjusted() < 6:
            digits, _, exponent = f"{number:e}".partition("e")
            return f"{digits}e{int(exponent):+03d}"
    return to_text(value)


def to_text(value: Value) -> str:
    """Return the value as a text, spelled as KFP spells a number that becomes a text.

    A protobuf has only one kind of number, so 3.0 reaches a step as 3, here and on a cluster. Its
    maps have no order, so keys are sorted.
    """
    match value:
        case str():
            return value
        case float():
            return format(Decimal(repr(value)).normalize(), "f")
    return json.dumps(whole(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def whole(value: Value) -> Value:
    """Return a value with its whole doubles as integers; a protobuf turns them into doubles."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [whole(item) for item in value]
        case dict():
            return {key: whole(item) for key, item in value.items()}
    return value


def _is_number(value: object) -> TypeGuard[int | float]:
    # An integer may be too large for a double, which a protobuf would make of it.
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= sys.float_info.max
    )


def _refuse_foreign(value: object) -> None:
    """Raise `ValueError` for what JSON cannot hold, such as dates and NaN, which YAML can."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{value!r} cannot be written as JSON: {error}") from None


def _name(kind: int) -> str:
    if kind not in _NAMES:
        raise PinionError(
            f"parameters of type {_TYPES.ParameterTypeEnum.Name(kind)} are not supported"
        )
    return _NAMES[kind]
