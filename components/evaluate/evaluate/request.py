"""The request: the arguments of one call of evaluate."""

import json
from argparse import ArgumentTypeError
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluate.gate.thresholds import Thresholds
from pinion_step.champion import ModelVersion


@dataclass(frozen=True)
class Request:
    """The values of the flags; `outputs` are the files to write, by the names of their flags."""

    model: Path
    test_data: Path
    thresholds: Thresholds
    slices: tuple[str, ...]
    compare_with: ModelVersion | None
    mlflow_tracking_uri: str
    outputs: Mapping[str, Path]


def executor_output(text: str) -> Path | None:
    """Return the file in which KFP expects the metadata of the outputs; None for an empty text.

    Serves argparse as a `type`; the text is KFP's message to the program.
    """
    if not text.strip():
        return None
    try:
        return Path(str(json.loads(text)["outputs"]["outputFile"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ArgumentTypeError(
            f"{text[:80]!r} is not an executor input of KFP, a JSON object with outputs.outputFile"
        ) from None
