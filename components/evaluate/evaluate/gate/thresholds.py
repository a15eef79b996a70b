"""Thresholds: from the JSON a user writes to the checks of one evaluation."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NoReturn

from evaluate.gate.change import CHANGES, Change, Comparison, Requirement
from evaluate.gate.check import Check
from pinion_step.errors import WrongCallError

# The metrics that are better when smaller; a bare number would read as a minimum.
ERROR_METRICS = frozenset({"log_loss", "rmse", "mae", "median_absolute_error", "max_error"})

_LONG_FORM_KEYS = ("threshold", *CHANGES, "greater_is_better", "confidence")


@dataclass(frozen=True)
class Threshold:
    """The limit of one metric; the limit itself passes, unless it is the baseline."""

    metric: str
    limit: float
    greater_is_better: bool = True
    baseline: bool = False

    @property
    def relation(self) -> str:
        """Return the comparison that has to hold, as it is printed."""
        return (">" if self.greater_is_better else "<") + ("" if self.baseline else "=")

    @property
    def compares(self) -> bool:
        """Return whether a champion is needed."""
        return False

    def hold(self, metrics: Mapping[str, float], comparison: Comparison | None = None) -> Check:
        """Check the metric against the limit; a metric that was not computed fails."""
        value = metrics.get(self.metric)
        return Check(
            self.metric,
            value,
            self.limit,
            self.relation,
            self.greater_is_better,
            passed=value is not None and self._allows(value),
            against="baseline" if self.baseline else "",
            details={"baseline": True} if self.baseline else {},
        )

    def _allows(self, value: float) -> bool:
        if value == self.limit:
            return not self.baseline
        return (value > self.limit) == self.greater_is_better


@dataclass(frozen=True)
class Thresholds:
    """All demands on an evaluation, and the JSON that they come from."""

    given: str = ""
    requirements: tuple[Requirement, ...] = ()

    @property
    def compare(self) -> bool:
        """Return whether one of them is a change from the champion."""
        return any(each.compares for each in self.requirements)


def parse_thresholds(text: str) -> Thresholds:
    """Parse `{"accuracy": 0.9}` and the long form; an empty text has no requirements.

    Raises `WrongCallError`.
    """
    if not text.strip():
        return Thresholds(text)
    try:
        document = json.loads(text, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        _refuse(f"--thresholds: {_shorten(text)} is not valid JSON ({error})")
    if not isinstance(document, dict):
        _refuse(f"--thresholds must be a JSON object, not {_shorten(text)}")
    entries = (_parse_entry(*entry) for entry in document.items())
    return Thresholds(text, tuple(chain.from_iterable(entries)))


def _parse_entry(metric: str, value: object) -> Iterable[Requirement]:
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


def _parse_long_form(metric: str, entry: dict[str, object]) -> Iterator[Requirement]:
    if unknown := [key for key in entry if key not in _LONG_FORM_KEYS]:
        known = ", ".join(_LONG_FORM_KEYS)
        _refuse(f"--thresholds: unknown key {unknown[0]!r} of {metric}; known are {known}")
    changes = [kind for kind in CHANGES if kind in entry]
    if "threshold" not in entry and not changes:
        others = " and ".join(CHANGES)
        _refuse(f"--thresholds: {metric} needs 'threshold' or one of {others}")
    if "confidence" in entry and not changes:
        _refuse(f"--thresholds: confidence of {metric} needs a change; add min_absolute_change")
    direction = _direction(metric, entry)
    if "threshold" in entry:
        yield Threshold(metric, _number(metric, "threshold", entry["threshold"]), direction)
    confidence = _share(metric, "confidence", entry) if "confidence" in entry else None
    for kind in changes:
        parse = _share if kind == "min_relative_change" else _amount
        yield Change(metric, kind, parse(metric, kind, entry), direction, confidence)


def _direction(metric: str, entry: dict[str, object]) -> bool:
    """Return whether greater is better; without a threshold the metric itself decides."""
    if "greater_is_better" not in entry:
        if "threshold" in entry:
            _refuse(f"--thresholds: {metric} needs 'greater_is_better', true or false")
        return metric not in ERROR_METRICS
    direction = entry["greater_is_better"]
    if not isinstance(direction, bool):
        given = json.dumps(direction)
        _refuse(f"--thresholds: greater_is_better of {metric} must be true or false, not {given}")
    return direction


def _share(metric: str, key: str, entry: dict[str, object]) -> float:
    number = _amount(metric, key, entry)
    if number > 1:
        _refuse(f"--thresholds: the {key} of {metric} must be from 0 to 1, not {number:g}")
    return number


def _amount(metric: str, key: str, entry: dict[str, object]) -> float:
    number = _number(metric, key, entry[key])
    if number < 0:
        _refuse(f"--thresholds: the {key} of {metric} must be 0 or more, not {number:g}")
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
        _refuse(f"--thresholds: the {key} of {metric} must be a finite number, not {given}")
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


def _refuse(message: str) -> NoReturn:
    raise WrongCallError(message)
