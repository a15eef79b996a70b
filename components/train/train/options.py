"""The values of the flags, parsed once at the edge. An empty value means "not given"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pinion_step.errors import WrongCallError
from train.search.options import SearchOptions

DEFAULT_MODEL = "hist_gradient_boosting"
DEFAULT_SEED = 42
DEFAULT_FOLDS = 5
DEFAULT_EXPERIMENT = "pinion"

# The names and the length of values that every MLflow store accepts for a parameter.
PARAMETER_NAME = re.compile(r"\w[\w.\- ]{0,249}")
LONGEST_VALUE = 6000


@dataclass(frozen=True)
class Options:
    """The arguments of one call of train."""

    train_data: Path
    schema: Path
    profile: Path
    model: str
    model_params: dict[str, Any]
    search: SearchOptions | None
    seed: int
    cv_folds: int
    experiment: str
    mlflow_tracking_uri: str
    experiment_parameters: dict[str, str]
    quiet: bool
    trained_model: Path
    run_id: Path
    model_id: Path
    metrics: Path
    executor_output: Path | None


def parse_experiment_parameters(text: str) -> dict[str, str]:
    """Parse `k=v,k2=v2`; a value may hold `=` but no comma."""
    parameters: dict[str, str] = {}
    for item in text.split(",") if text.strip() else []:
        key, equals, value = (part.strip() for part in item.partition("="))
        if not equals or not value or not PARAMETER_NAME.fullmatch(key):
            raise WrongCallError(
                f"--experiment-parameters: {item!r:.200} is not NAME=VALUE, with letters, digits, "
                "'_', '-', '.' and spaces in NAME; give pairs such as k=v,k2=v2"
            )
        if key in parameters:
            raise WrongCallError(f"--experiment-parameters: {key!r} is given twice; give it once")
        if len(value) > LONGEST_VALUE:
            raise WrongCallError(
                f"--experiment-parameters: the value of {key!r} has {len(value)} characters; "
                f"shorten it to {LONGEST_VALUE}, which is the most that MLflow takes"
            )
        parameters[key] = value
    return parameters
