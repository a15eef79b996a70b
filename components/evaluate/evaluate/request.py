"""What one call of evaluate asks for."""

import json
from argparse import ArgumentTypeError
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluate.gate.thresholds import Thresholds


@dataclass(frozen=True)
class Request:
    """The flags' values; `outputs` are the files to write, by the names of their flags."""

    model: Path
    test_data: Path
    thresholds: Thresholds
    slices: tuple[str, ...]
    registered_model_name: str
    alias: str
    mlflow_tracking_uri: str
    outputs: Mapping[str, Path]


def executor_output(text: str) -> Path | None:
    """Return where KFP reads what a program says of its outputs; None if nobody asks.

    A `type` of argparse, for KFP's message to the program.
    """
    if not text.strip():
        return None
    try:
        return Path(str(json.loads(text)["outputs"]["outputFile"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ArgumentTypeError(
            f"{text[:80]!r} is not KFP's executor input with its outputs.outputFile"
        ) from None
