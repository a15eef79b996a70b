"""The evaluation result: whether this very model passed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from register.errors import RegisterError
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
        if self.threshold is None:
            return f"{self.metric} could not be held against the champion{reason}"
        relation = (">" if self.greater_is_better else "<") + ("" if self.baseline else "=")
        baseline = " (baseline)" if self.baseline else ""
        demand = f"must be {relation} {self.threshold!r}{baseline}"
        if self.value is None:
            return f"{self.metric} was not computed, {demand}"
        return f"{self.metric} is {self.value!r}, {demand}{reason}"


@dataclass(frozen=True)
class EvaluationResult:
    """What register reads of an evaluation."""

    passed: bool
    model_id: str
    run_id: str
    checks: tuple[Check, ...]


def read_evaluation(path: Path) -> EvaluationResult:
    """Parses an evaluation result; raises RegisterError where it is not one."""
    try:
        document = json.loads(path.read_bytes())
        checks = tuple(_check(check) for check in document["checks"])
        result = EvaluationResult(
            passed=_typed(document, "passed", bool),
            model_id=_typed(document, "model_id", str),
            run_id=_typed(document, "run_id", str),
            checks=checks,
        )
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise RegisterError(
            f"{path} is not an evaluation result ({type(error).__name__}: {error}); "
            "give evaluate's result"
        ) from error
    if result.passed and not checks:
        raise RegisterError(
            f"the evaluation {path} contradicts itself: it passed, without a check; "
            "give evaluate's result"
        )
    if result.passed and not all(check.passed for check in checks):
        raise RegisterError(f"the evaluation {path} contradicts itself: it passed, a check did not")
    return result


def require_passed(path: Path, result: EvaluationResult, model: ModelFolder) -> None:
    """Raises RegisterError unless the evaluation is of this model and every check passed."""
    if (result.model_id, result.run_id) != (model.model_id, model.run_id):
        raise RegisterError(
            f"the evaluation {path} is of the model {result.model_id} of run {result.run_id}, not "
            f"of {model.model_id} of run {model.run_id}; evaluate the model to be registered"
        )
    if not result.passed:
        failed = "; ".join(str(check) for check in result.checks if not check.passed)
        raise RegisterError(
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


def _typed(document: dict[str, Any], key: str, kind: Any) -> Any:
    value = document[key]
    if not isinstance(value, kind):
        raise TypeError(f"{key} is {value!r}")
    return value
