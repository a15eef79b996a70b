"""The recipe of a model: what it is made from beside the data, as two hashes."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_DIGITS = 16


def recipe(parameters: Mapping[str, Any], code: str) -> str:
    """Return the hash of the parameters of preprocess and train, and that of their code."""
    canonical = json.dumps(parameters, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"{_hash(canonical)}-{_hash(code)}"


def parts(text: str) -> tuple[str, str]:
    """Return both hashes of a recipe."""
    parameters, _, code = text.partition("-")
    return parameters, code


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
