"""The request: the arguments of one call of evaluate."""

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
    recipe: str
    mlflow_tracking_uri: str
    outputs: Mapping[str, Path]
