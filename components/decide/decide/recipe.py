"""The recipe of a model: what it is made from beside the data, as two hashes."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_DIGITS = 16


def recipe(parameters: Mapping[str, Any], code: str) -> str:
    """Return the hash of the parameters of preprocess and train, and that of their code."""
    canonical = json.dumps(
        _plain(parameters), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return f"{_hash(canonical)}-{_hash(code)}"


def parts(text: str) -> tuple[str, str]:
    """Return both hashes of a recipe."""
    parameters, _, code = text.partition("-")
    return parameters, code


def _plain(value: Any) -> Any:
    """Return a value with 200 for 200.0, because a message of KFP knows only one of them."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    whole = isinstance(value, float) and value.is_integer()
    return int(value) if whole else value


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
