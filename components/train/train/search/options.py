"""The `--search` flag: what to look for, as far as it can be judged without the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pinion_step.errors import WrongCallError

METHODS = ("random", "halving")
KEYS = ("method", "trials", "space", "metric")
DEFAULT_TRIALS = 20
MOST_TRIALS = 1000  # each is a run in MLflow


@dataclass(frozen=True)
class SearchOptions:
    """What the user asks of a search; None stands for the model's own space and the main metric."""

    method: str
    trials: int
    space: Mapping[str, Any] | None
    metric: str | None


def parse_search(document: Mapping[str, Any]) -> SearchOptions | None:
    """Check the object of `--search`; an empty one means no search."""
    if not document:
        return None
    unknown = sorted(set(document) - set(KEYS))
    if unknown:
        raise WrongCallError(
            f"--search has the unknown key {unknown[0]!r}; known are {', '.join(KEYS)}"
        )
    method = document.get("method", METHODS[0])
    if method not in METHODS:
        raise WrongCallError(
            f"--search: the method {method!r:.80} is not known; known are {', '.join(METHODS)}"
        )
    return SearchOptions(
        method,
        _trials(document.get("trials", DEFAULT_TRIALS)),
        _space(document.get("space")),
        _metric(document.get("metric")),
    )


def _trials(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_TRIALS:
        raise WrongCallError(
            f"--search: trials must be a whole number between 1 and {MOST_TRIALS}, "
            f"got {value!r:.80}"
        )
    return value


def _space(value: object) -> Mapping[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not value:
        raise WrongCallError(
            "--search: space must be an object of parameters, such as "
            f"'{{\"max_depth\": [3, 6]}}', got {value!r:.80}; leave it out for that of the model"
        )
    return value


def _metric(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise WrongCallError(f"--search: metric must be the name of a metric, got {value!r:.80}")
    return value
