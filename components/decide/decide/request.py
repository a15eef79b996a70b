"""The call of the step."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from decide.limits import Limits
from pinion_step.champion import ModelVersion


@dataclass(frozen=True)
class Request:
    """What the flags say, but for the outputs."""

    profile: Path
    champion: ModelVersion | None
    policy: str
    expired: bool
    refused: tuple[Mapping[str, Any], ...]
    model: str
    model_params: Mapping[str, Any]
    search: Mapping[str, Any]
    test_fraction: float
    seed: int
    code: str
    thresholds: Mapping[str, Any]
    compare_with: str
    limits: Limits
    experiment: str
    mlflow_tracking_uri: str
