"""The trials of a search, and their ranking."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from train.model.cross_validation import Metrics, is_error

LONGEST_PARAMETER = 500  # characters of an estimator's parameter in a parameter of the run


@dataclass(frozen=True)
class Plan:
    """The number of trials of a search, and the space that they are drawn from."""

    method: str
    trials: int
    metric: str
    space: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Trial:
    """Parameters of the estimator, and their results; of a halving, those of the last round."""

    number: int
    params: dict[str, Any]
    round: int = 0
    rows: int | None = None
    metrics: Metrics = field(default_factory=dict)
    error: str = ""
    folds: list[Metrics] = field(default_factory=list)


class Watcher:
    """Is notified of the events of a search; this one does nothing."""

    def started(self, trial: Trial) -> None:
        """Handle the start of a trial."""

    def measured(self, trial: Trial) -> None:
        """Handle new metrics, or the error that ended the trial."""


def rank(trials: Sequence[Trial], metric: str) -> list[Trial]:
    """Sort by round and metric, the best first; of equal trials, the first drawn is better."""
    sign = -1 if is_error(metric) else 1

    def key(trial: Trial) -> tuple[bool, int, float, int]:
        score = sign * trial.metrics.get(f"cv_{metric}_mean", -sign * math.inf)
        return bool(trial.error), -trial.round, -score, trial.number

    return sorted(trials, key=key)


def describe_score(metrics: Metrics, metric: str) -> str:
    """Return a cross-validated metric, for people."""
    mean, std = (metrics[f"cv_{metric}_{part}"] for part in ("mean", "std"))
    return f"{metric} {mean:.6g} ± {std:.2g}"


def describe_params(params: Mapping[str, object]) -> dict[str, str]:
    """Return parameters of the estimator as parameters of a run, under scikit-learn's names."""
    return {key: str(value)[:LONGEST_PARAMETER] for key, value in params.items()}
