"""Thresholds: from the JSON a user writes to the checks of one evaluation."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, starmap
from typing import Any

from evaluate.gate.change import Change, Check
from pinion_step.champion import CHANGES
from pinion_step.errors import WrongCallError

# The metrics that are better when smaller; a bare number would read as a minimum.
ERROR_METRICS = frozenset({"log_loss", "rmse", "mae", "median_absolute_error", "max_error"})

_BOUNDS = {
    "min_absolute_change": (0.0, math.inf, "0 or more"),
    "min_relative_change": (0.0, 1.0, "from 0 to 1"),
    "confidence": (0.0, 1.0, "from 0 to 1"),
}
_LONG_FORM_KEYS = ("threshold", *CHANGES, "greater_is_better", "confidence")


@dataclass(frozen=True)
class Threshold:
    """The limit of one metric; the limit itself passes, unless it is the baseline."""

    metric: str
    limit: float
    greater_is_better: bool = True
    baseline: bool = False

    def hold(self, metrics: Mapping[str, float]) -> Check:
        """Check the metric against the limit; a metric that was not computed fails."""
        value = metrics.get(self.metric)
        passed = value is not None and (value > self.limit) == self.greater_is_better
        if value == self.limit:
            passed = not self.baseline
        return Check(
            self.metric,
            value,
            self.limit,
            self.greater_is_better,
            passed=passed,
            against="baseline" if self.baseline else "",
            details={"baseline": True} if self.baseline else {},
        )


Requirement = Threshold | Change


@dataclass(frozen=True)
class Thresholds:
    """All demands on an evaluation, and the JSON that they come from."""

    given: str = ""
    requirements: tuple[Requirement, ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        """Return them as they were given."""
        document: dict[str, Any] = json.loads(self.given.strip() or "{}")
        return document

    @property
    def compare(self) -> bool:
        """Return whether one of them is a change from the champion."""
        return any(isinstance(each, Change) for each in self.requirements)


def parse_thresholds(text: str) -> Thresholds:
    """Parse `{"accuracy": 0.9}` and the long form; an empty text has no requirements.

    Raises `WrongCallError`.
    """
    try:
        document = json.loads(text.strip() or "{}", object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        raise WrongCallError(
            f"--thresholds: {_shorten(text)} is not valid JSON ({error})"
        ) from error
    if not isinstance(document, dict):
        raise WrongCallError(f"--thresholds must be a JSON object, not {_shorten(text)}")
    entries = starmap(_parse_entry, document.items())
    return Thresholds(text, tuple(chain.from_iterable(entries)))


def _parse_entry(metric: str, value: object) -> Iterable[Requirement]:
    if isinstance(value, dict):
        return _parse_long_form(metric, value)
    limit = _number(metric, "threshold", value)
    if metric in ERROR_METRICS:
        long_form = {metric: {"threshold": value, "greater_is_better": False}}
        raise WrongCallError(
            f"--thresholds: a bare number is a minimum, but {metric} is better when smaller; "
            f"write {json.dumps(long_form)}"
        )
    return [Threshold(metric, limit)]


def _parse_long_form(metric: str, entry: dict[str, object]) -> Iterator[Requirement]:
    if unknown := [key for key in entry if key not in _LONG_FORM_KEYS]:
        raise WrongCallError(
            f"--thresholds: {unknown[0]!r} is not a key of {metric}; give one of "
            f"{', '.join(_LONG_FORM_KEYS)}"
        )
    changes = [kind for kind in CHANGES if kind in entry]
    if "threshold" not in entry and not changes:
        raise WrongCallError(
            f"--thresholds: {metric} needs 'threshold' or one of {' and '.join(CHANGES)}"
        )
    if "confidence" in entry and not changes:
        raise WrongCallError(
            f"--thresholds: confidence of {metric} needs a change; add min_absolute_change"
        )
    direction = _direction(metric, entry)
    if "threshold" in entry:
        yield Threshold(metric, _number(metric, "threshold", entry["threshold"]), direction)
    sure = _number(metric, "confidence", entry["confidence"]) if "confidence" in entry else None
    for kind in changes:
        yield Change(metric, kind, _number(metric, kind, entry[kind]), direction, sure)


def _direction(metric: str, entry: dict[str, object]) -> bool:
    """Return whether greater is better; without a threshold the metric itself decides."""
    if "greater_is_better" not in entry:
        if "threshold" in entry:
            raise WrongCallError(f"--thresholds: {metric} needs 'greater_is_better', true or false")
        return metric not in ERROR_METRICS
    direction = entry["greater_is_better"]
    if not isinstance(direction, bool):
        raise WrongCallError(
            f"--thresholds: greater_is_better of {metric} must be true or false, not "
            f"{json.dumps(direction)}"
        )
    return direction


def _number(metric: str, key: str, value: object) -> float:
    number = math.nan
    # JSON's true is an int to Python, and would pass for the minimum 1.
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
    if not math.isfinite(number):
        raise WrongCallError(
            f"--thresholds: the {key} of {metric} must be a finite number, not "
            f"{_shorten(json.dumps(value))}"
        )
    least, most, words = _BOUNDS.get(key, (-math.inf, math.inf, ""))
    if not least <= number <= most:
        raise WrongCallError(f"--thresholds: the {key} of {metric} must be {words}, not {number:g}")
    return number


def _unique_keys(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    document: dict[str, object] = {}
    for key, value in pairs:
        if key in document:
            raise ValueError(f"the key {key!r} is given twice")
        document[key] = value
    return document


def _shorten(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."
