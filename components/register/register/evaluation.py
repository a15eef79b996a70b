"""The evaluation result, which says whether this very model passed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pinion_step.console import short
from pinion_step.errors import StepError
from register.model import ModelFolder


@dataclass(frozen=True)
class Check:
    """One check of the evaluation; `value` is None for a metric that was not computed.

    `threshold` is None if it depends on the champion and there is no champion to compare with.
    """

    metric: str
    value: float | None
    threshold: float | None
    greater_is_better: bool
    passed: bool
    baseline: bool
    reason: str = ""

    def __str__(self) -> str:
        reason = f" ({self.reason})" if self.reason else ""
        if self.threshold is None and self.passed:
            return f"{self.metric} is {self._shown(self.value)}, and there was no champion"
        if self.threshold is None:
            return f"{self.metric} could not be held against the champion{reason}"
        if self.value is None:
            return f"{self.metric} was not computed, must be {self.demand}"
        shown = self._shown(self.value, self.threshold)
        return f"{self.metric} is {shown}, must be {self.demand}{reason}"

    @property
    def demand(self) -> str:
        """Return the comparison that has to hold."""
        if self.threshold is None:
            return "no champion" if self.passed else "champion unknown"
        relation = (">" if self.greater_is_better else "<") + ("" if self.baseline else "=")
        baseline = " (baseline)" if self.baseline else ""
        return f"{relation} {self._shown(self.threshold, self.value)}{baseline}"

    @staticmethod
    def _shown(number: float | None, other: float | None = None) -> str:
        return "unknown" if number is None else short(number, other)


@dataclass(frozen=True)
class Compared:
    """The champion that a model was compared with; no version if there was none.

    The name is empty if there was none, and in a result of `evaluate` 0.1.
    """

    name: str
    version: int | None

    def is_at(self, name: str, version: int | None) -> bool:
        """Return whether it was this version of this registered model."""
        return self.version == version and self.name in ("", name)

    def __str__(self) -> str:
        if self.version is None:
            return "no version"
        return f"models:/{self.name}/{self.version}" if self.name else f"version {self.version}"


@dataclass(frozen=True)
class EvaluationResult:
    """The parts of an evaluation that register needs.

    `compared` is None if no check was held against a champion; `champion` has its metrics. Results
    of earlier releases have no `intervals`, those of `metrics`.
    """

    passed: bool
    model_id: str
    run_id: str
    checks: tuple[Check, ...]
    compared: Compared | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    champion: Mapping[str, float] = field(default_factory=dict)
    rows: int | None = None

    @property
    def why(self) -> str:
        """Return the checks that the model passed, in words."""
        return "; ".join(str(check) for check in self.checks)


# The errors that reading a document of the wrong form can raise.
_NO_RESULT = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


def read_evaluation(path: Path) -> EvaluationResult:
    """Parse an evaluation result; raises `StepError` if the file is not one."""
    try:
        result = _parse(json.loads(path.read_bytes()))
    except _NO_RESULT as error:
        raise StepError(
            f"{path} is not an evaluation result ({type(error).__name__}: {error}); "
            "give evaluate's result"
        ) from error
    if result.passed and not (result.checks and all(check.passed for check in result.checks)):
        raise StepError(
            f"the evaluation {path} contradicts itself: it passed, but "
            f"{'a check failed' if result.checks else 'has no check'}; give evaluate's result"
        )
    return result


def _parse(document: dict[str, Any]) -> EvaluationResult:
    # Of two classes, recall needs to say of which, as in `recall of "Cardiac"`.
    shown_as = dict(document.get("shown_as", {}))
    checks = tuple(_check(check, shown_as) for check in document["checks"])
    champion = document.get("champion")
    return EvaluationResult(
        passed=_typed(document, "passed", bool),
        model_id=_typed(document, "model_id", str),
        run_id=_typed(document, "run_id", str),
        checks=checks,
        compared=None if champion is None else _compared(champion),
        metrics=_numbers(document, shown_as),
        champion=_numbers(champion or {}, shown_as),
        intervals={
            shown_as.get(name, name): (float(low), float(high))
            for name, (low, high) in document.get("intervals", {}).items()
        },
        rows=document.get("rows"),
    )


def require_passed(path: Path, result: EvaluationResult, model: ModelFolder) -> None:
    """Raise `StepError` unless the evaluation is of this model and every check passed."""
    if (result.model_id, result.run_id) != (model.model_id, model.run_id):
        raise StepError(
            f"the evaluation {path} is of the model {result.model_id} of run {result.run_id}, not "
            f"of {model.model_id} of run {model.run_id}; evaluate the model that you register"
        )
    if not result.passed:
        failed = "; ".join(str(check) for check in result.checks if not check.passed)
        raise StepError(
            f"the model {model.model_id} did not pass its evaluation: {failed or 'no reason given'}"
        )


def _numbers(document: Mapping[str, Any], shown_as: Mapping[str, str]) -> dict[str, float]:
    found = document.get("metrics", {})
    return {shown_as.get(name, name): float(each) for name, each in found.items()}


def _compared(champion: dict[str, Any]) -> Compared:
    name = _typed(champion, "name", str) if "name" in champion else ""
    return Compared(name, _typed(champion, "version", int | None))


def _check(document: dict[str, Any], shown_as: Mapping[str, str]) -> Check:
    metric = _typed(document, "metric", str)
    return Check(
        metric=shown_as.get(metric, metric),
        value=_typed(document, "value", int | float | None),
        threshold=_typed(document, "threshold", int | float | None),
        greater_is_better=_typed(document, "greater_is_better", bool),
        passed=_typed(document, "passed", bool),
        baseline=document.get("baseline") is True,
        reason=str(document.get("reason", "")),
    )


def _typed(document: dict[str, Any], key: str, kind: Any) -> Any:
    value = document[key]
    if not isinstance(value, kind):
        raise TypeError(f"{key} is {value!r}")
    return value
