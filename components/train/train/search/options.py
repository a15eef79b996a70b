"""The `--search` flag, checked as far as possible without the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pinion_step.errors import WrongCallError

METHODS = ("random", "halving")
KEYS = ("method", "trials", "space", "metric")
MOST_TRIALS = 1000  # each is a run in MLflow


@dataclass(frozen=True)
class SearchOptions:
    """The keys of `--search`; None stands for the model's own space and for the main metric."""

    method: str = METHODS[0]
    trials: int = 20
    space: Mapping[str, Any] | None = None
    metric: str | None = None


def parse_search(document: Mapping[str, Any]) -> SearchOptions | None:
    """Check the object of `--search`; an empty one means no search."""
    unknown = sorted(set(document) - set(KEYS))
    if unknown:
        raise WrongCallError(
            f"--search: {unknown[0]!r} is not a key; the keys are {', '.join(KEYS)}"
        )
    search = SearchOptions(**document)
    _check(search.method, search.trials, search.space, search.metric)
    return search if document else None


def _check(method: Any, trials: Any, space: Any, metric: Any) -> None:
    if method not in METHODS:
        raise WrongCallError(
            f"--search: {method!r:.80} is not a method; give one of {', '.join(METHODS)}"
        )
    if not isinstance(trials, int) or isinstance(trials, bool) or not 1 <= trials <= MOST_TRIALS:
        raise WrongCallError(
            f"--search: trials must be a whole number between 1 and {MOST_TRIALS}, "
            f"got {trials!r:.80}"
        )
    if space is not None and (not isinstance(space, dict) or not space):
        raise WrongCallError(
            "--search: space must be an object of parameters, such as "
            f"'{{\"max_depth\": [3, 6]}}', got {space!r:.80}; leave it out for the model's own"
        )
    if metric is not None and not isinstance(metric, str):
        raise WrongCallError(f"--search: metric must be the name of a metric, got {metric!r:.80}")
