"""The evaluation result: whether this very model passed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pinion_step.errors import StepError
from register.model import ModelFolder


@dataclass(frozen=True)
class Check:
    """One check of the evaluation; `value` is None for a metric that was not computed.

    `threshold` is None where it would be the champion's value and there is none to be had.
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
            return f"{self.metric} is {self.value!r}, and there was no champion"
        if self.threshold is None:
            return f"{self.metric} could not be held against the champion{reason}"
        relation = (">" if self.greater_is_better else "<") + ("" if self.baseline else "=")
        baseline = " (baseline)" if self.baseline else ""
        demand = f"must be {relation} {self.threshold!r}{baseline}"
        if self.value is None:
            return f"{self.metric} was not computed, {demand}"
        return f"{self.metric} is {self.value!r}, {demand}{reason}"


@dataclass(frozen=True)
class Compared:
    """The version that held the alias when the model was compared with it; None for no holder."""

    alias: str
    version: int | None


@dataclass(frozen=True)
class EvaluationResult:
    """What register reads of an evaluation; `compared` is None where no champion was asked for."""

    passed: bool
    model_id: str
    run_id: str
    checks: tuple[Check, ...]
    compared: Compared | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def why(self) -> str:
        """What the model passed, for people."""
        return "; ".join(str(check) for check in self.checks)


# What a document that somebody else wrote can come to.
_NO_RESULT = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


def read_evaluation(path: Path) -> EvaluationResult:
    """Parses an evaluation result; raises StepError where it is not one."""
    try:
        document = json.loads(path.read_bytes())
        checks = tuple(_check(check) for check in document["checks"])
        result = EvaluationResult(
            passed=_typed(document, "passed", bool),
            model_id=_typed(document, "model_id", str),
            run_id=_typed(document, "run_id", str),
            checks=checks,
            compared=_compared(document.get("champion")),
            metrics={name: float(each) for name, each in document.get("metrics", {}).items()},
        )
    except _NO_RESULT as error:
        raise StepError(
            f"{path} is not an evaluation result ({type(error).__name__}: {error}); "
            "give evaluate's result"
        ) from error
    if result.passed and not checks:
        raise StepError(
            f"the evaluation {path} contradicts itself: it passed, without a check; "
            "give evaluate's result"
        )
    if result.passed and not all(check.passed for check in checks):
        raise StepError(f"the evaluation {path} contradicts itself: it passed, a check did not")
    return result


def require_passed(path: Path, result: EvaluationResult, model: ModelFolder) -> None:
    """Raises StepError unless the evaluation is of this model and every check passed."""
    if (result.model_id, result.run_id) != (model.model_id, model.run_id):
        raise StepError(
            f"the evaluation {path} is of the model {result.model_id} of run {result.run_id}, not "
            f"of {model.model_id} of run {model.run_id}; evaluate the model to be registered"
        )
    if not result.passed:
        failed = "; ".join(str(check) for check in result.checks if not check.passed)
        raise StepError(
            f"the model {model.model_id} did not pass its evaluation: {failed or 'no reason given'}"
        )


def _check(document: dict[str, Any]) -> Check:
    return Check(
        metric=_typed(document, "metric", str),
        value=_typed(document, "value", int | float | None),
        threshold=_typed(document, "threshold", int | float | None),
        greater_is_better=_typed(document, "greater_is_better", bool),
        passed=_typed(document, "passed", bool),
        baseline=document.get("baseline") is True,
        reason=str(document.get("reason", "")),
    )


def _compared(document: Any) -> Compared | None:
    if document is None:
        return None
    version = document["version"]
    return Compared(
        _typed(document, "alias", str),
        None if version is None else _typed(document, "version", int),
    )


def _typed(document: dict[str, Any], key: str, kind: Any) -> Any:
    value = document[key]
    if not isinstance(value, kind):
        raise TypeError(f"{key} is {value!r}")
    return value
