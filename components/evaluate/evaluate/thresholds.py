"""Thresholds: from the JSON a user writes to the checks of one evaluation."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from evaluate.errors import WRONG_CALL, EvaluateError

# The metrics where less is better: a bare number there would read as a minimum.
ERROR_METRICS = frozenset({"log_loss", "rmse", "mae", "median_absolute_error", "max_error"})

_LONG_FORM_KEYS = ("threshold", "greater_is_better")


@dataclass(frozen=True)
class Threshold:
    """The limit one metric is held to; the limit itself passes, unless it is the baseline."""

    metric: str
    limit: float
    greater_is_better: bool = True
    baseline: bool = False

    @property
    def relation(self) -> str:
        """The comparison that has to hold, as it is printed."""
        return (">" if self.greater_is_better else "<") + ("" if self.baseline else "=")

    def check(self, metrics: Mapping[str, float]) -> "Check":
        """Holds the metric against the limit; a metric that was not computed fails."""
        value = metrics.get(self.metric)
        return Check(self, value, value is not None and self._allows(value))

    def _allows(self, value: float) -> bool:
        if value == self.limit:
            return not self.baseline
        return (value > self.limit) == self.greater_is_better


@dataclass(frozen=True)
class Check:
    """One threshold and what was measured; `value` is None for a metric not computed."""

    threshold: Threshold
    value: float | None
    passed: bool

    def to_json(self) -> dict[str, Any]:
        """The check as it stands in the evaluation result."""
        document: dict[str, Any] = {
            "metric": self.threshold.metric,
            "value": self.value,
            "threshold": self.threshold.limit,
            "greater_is_better": self.threshold.greater_is_better,
            "passed": self.passed,
        }
        if self.threshold.baseline:
            document["baseline"] = True
        return document


def parse_thresholds(text: str) -> tuple[Threshold, ...]:
    """Reads `{"accuracy": 0.9}` and the long form, in the order given; none for an empty text."""
    if not text.strip():
        return ()
    try:
        document = json.loads(text, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        _refuse(f"--thresholds is not valid JSON ({error}), given {_shorten(text)}")
    if not isinstance(document, dict):
        _refuse(f"--thresholds must be a JSON object, given {_shorten(text)}")
    return tuple(_parse_entry(metric, value) for metric, value in document.items())


def _parse_entry(metric: str, value: object) -> Threshold:
    if isinstance(value, dict):
        return _parse_long_form(metric, value)
    limit = _parse_limit(metric, value)
    if metric in ERROR_METRICS:
        long_form = {metric: {"threshold": value, "greater_is_better": False}}
        _refuse(
            f"--thresholds: a bare number is a minimum, but {metric} is better when smaller; "
            f"write {json.dumps(long_form)}"
        )
    return Threshold(metric, limit)


def _parse_long_form(metric: str, entry: dict[str, object]) -> Threshold:
    if "min_absolute_change" in entry:
        _refuse(f"--thresholds: min_absolute_change of {metric} is not supported yet; leave it out")
    if unknown := [key for key in entry if key not in _LONG_FORM_KEYS]:
        known = " and ".join(_LONG_FORM_KEYS)
        _refuse(f"--thresholds: unknown key {unknown[0]!r} of {metric}; known are {known}")
    if missing := [key for key in _LONG_FORM_KEYS if key not in entry]:
        _refuse(f"--thresholds: the long form of {metric} lacks {missing[0]!r}")
    direction = entry["greater_is_better"]
    if not isinstance(direction, bool):
        given = json.dumps(direction)
        _refuse(f"--thresholds: greater_is_better of {metric} must be true or false, given {given}")
    return Threshold(metric, _parse_limit(metric, entry["threshold"]), direction)


def _parse_limit(metric: str, value: object) -> float:
    number = math.nan
    # JSON's true is an int to Python, and would pass for the minimum 1.
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
    if not math.isfinite(number):
        given = _shorten(json.dumps(value))
        _refuse(f"--thresholds: the threshold of {metric} must be a finite number, given {given}")
    return number


def _unique_keys(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    document: dict[str, object] = {}
    for key, value in pairs:
        if key in document:
            raise ValueError(f"the key {key!r} stands there twice")
        document[key] = value
    return document


def _shorten(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def _refuse(message: str) -> NoReturn:
    raise EvaluateError(message, WRONG_CALL)
