"""Thresholds: from the JSON a user writes to the checks of one evaluation."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, NoReturn

from evaluate.errors import WRONG_CALL, EvaluateError
from evaluate.gate.change import CHANGES, Change

# The metrics where less is better: a bare number there would read as a minimum.
ERROR_METRICS = frozenset({"log_loss", "rmse", "mae", "median_absolute_error", "max_error"})

_LONG_FORM_KEYS = ("threshold", *CHANGES, "greater_is_better", "confidence")


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


def parse_thresholds(text: str) -> tuple[Threshold | Change, ...]:
    """Reads `{"accuracy": 0.9}` and the long form, in the order given; none for an empty text."""
    if not text.strip():
        return ()
    try:
        document = json.loads(text, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        _refuse(f"--thresholds is not valid JSON ({error}), given {_shorten(text)}")
    if not isinstance(document, dict):
        _refuse(f"--thresholds must be a JSON object, given {_shorten(text)}")
    return tuple(chain.from_iterable(_parse_entry(*entry) for entry in document.items()))


def _parse_entry(metric: str, value: object) -> Iterable[Threshold | Change]:
    if isinstance(value, dict):
        return _parse_long_form(metric, value)
    limit = _number(metric, "threshold", value)
    if metric in ERROR_METRICS:
        long_form = {metric: {"threshold": value, "greater_is_better": False}}
        _refuse(
            f"--thresholds: a bare number is a minimum, but {metric} is better when smaller; "
            f"write {json.dumps(long_form)}"
        )
    return [Threshold(metric, limit)]


def _parse_long_form(metric: str, entry: dict[str, object]) -> Iterator[Threshold | Change]:
    if unknown := [key for key in entry if key not in _LONG_FORM_KEYS]:
        known = ", ".join(_LONG_FORM_KEYS)
        _refuse(f"--thresholds: unknown key {unknown[0]!r} of {metric}; known are {known}")
    changes = [kind for kind in CHANGES if kind in entry]
    if "threshold" not in entry and not changes:
        others = " and ".join(CHANGES)
        _refuse(f"--thresholds: the long form of {metric} lacks 'threshold', and has no {others}")
    if "confidence" in entry and not changes:
        _refuse(f"--thresholds: confidence of {metric} is in a change; add min_absolute_change")
    direction = _direction(metric, entry)
    if "threshold" in entry:
        yield Threshold(metric, _number(metric, "threshold", entry["threshold"]), direction)
    confidence = _share(metric, "confidence", entry) if "confidence" in entry else None
    for kind in changes:
        parse = _share if kind == "min_relative_change" else _amount
        yield Change(metric, kind, parse(metric, kind, entry), direction, confidence)


def _direction(metric: str, entry: dict[str, object]) -> bool:
    """Where only the champion is asked about, the metric itself says which side is better."""
    if "greater_is_better" not in entry:
        if "threshold" in entry:
            _refuse(f"--thresholds: the long form of {metric} lacks 'greater_is_better'")
        return metric not in ERROR_METRICS
    direction = entry["greater_is_better"]
    if not isinstance(direction, bool):
        given = json.dumps(direction)
        _refuse(f"--thresholds: greater_is_better of {metric} must be true or false, given {given}")
    return direction


def _share(metric: str, key: str, entry: dict[str, object]) -> float:
    number = _amount(metric, key, entry)
    if number > 1:
        _refuse(f"--thresholds: the {key} of {metric} must be from 0 to 1, given {number:g}")
    return number


def _amount(metric: str, key: str, entry: dict[str, object]) -> float:
    number = _number(metric, key, entry[key])
    if number < 0:
        _refuse(f"--thresholds: the {key} of {metric} must be 0 or more, given {number:g}")
    return number


def _number(metric: str, key: str, value: object) -> float:
    number = math.nan
    # JSON's true is an int to Python, and would pass for the minimum 1.
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
    if not math.isfinite(number):
        given = _shorten(json.dumps(value))
        _refuse(f"--thresholds: the {key} of {metric} must be a finite number, given {given}")
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
