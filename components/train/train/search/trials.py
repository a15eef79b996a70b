"""The trials of a search: what is tried, who hears of it, which is the best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from train.model.cross_validation import Metrics, is_error

LONGEST_PARAMETER = 500  # characters of an estimator's own parameter that a reader may want


@dataclass(frozen=True)
class Plan:
    """How many trials, and what they differ in; without a space they do not."""

    method: str
    trials: int
    metric: str
    space: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Trial:
    """Parameters of the estimator, and what became of them, of the last round of a halving."""

    number: int
    params: dict[str, Any]
    round: int = 0
    rows: int | None = None
    metrics: Metrics = field(default_factory=dict)
    error: str = ""


class Watcher:
    """Is told of a search while it runs."""

    def started(self, trial: Trial) -> None:
        """Hear that a trial's first folds are about to be fitted."""

    def measured(self, trial: Trial) -> None:
        """Hear of new metrics, or of the error that ended the trial."""

    def finished(self, ranked: Sequence[Trial]) -> None:
        """Hear of all trials, the best first."""


def rank(trials: Sequence[Trial], metric: str) -> list[Trial]:
    """Sort by round and metric; of equals the first drawn is the better."""
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
    """Return parameters of the estimator as those of a run."""
    return {f"estimator.{key}": str(value)[:LONGEST_PARAMETER] for key, value in params.items()}
