"""A check of a metric against its limit, and the champion gate: how much better a model has to be.

The words and the comparison are those of MLflow's MetricThreshold: a metric that reaches the limit
passes. A change of 0.0, which MLflow does not accept, therefore demands a model that is no worse.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Check:
    """A metric, its limit and the verdict; None stands for a number that is not known.

    `against` names the origin of the limit, such as the champion, or is empty. `details` are
    further keys of the check in the evaluation result.
    """

    metric: str
    value: float | None
    limit: float | None
    greater_is_better: bool
    passed: bool
    against: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    note: str = ""

    @property
    def relation(self) -> str:
        """Return the comparison that has to hold, as it is printed; the baseline must be beaten."""
        strict = self.against == "baseline"
        return (">" if self.greater_is_better else "<") + ("" if strict else "=")

    def to_json(self) -> dict[str, Any]:
        """Return the check as it stands in the evaluation result."""
        said = {"reason": self.reason, "note": self.note}
        return {
            "metric": self.metric,
            "value": self.value,
            "threshold": self.limit,
            "greater_is_better": self.greater_is_better,
            "passed": self.passed,
            **self.details,
            **{name: text for name, text in said.items() if text},
        }


# The limit of a relative change if the champion's metric is 0, as in MLflow.
_BETTER_THAN_ZERO = 1e-10


@dataclass(frozen=True)
class Change:
    """The demand that a metric beats the champion's by at least `amount`, which is 0 or more.

    `kind` is one of `pinion_step.champion.CHANGES`. `confidence`, from 0 to 1, is how certain the
    change has to be; None demands no certainty.
    """

    metric: str
    kind: str
    amount: float
    greater_is_better: bool = True
    confidence: float | None = None

    def limit(self, champion: Any) -> Any:
        """Return the value that the metric has to reach, given that (or those) of the champion."""
        step = self.amount
        if self.kind == "min_relative_change":
            step = self.amount * abs(champion) + _BETTER_THAN_ZERO * (champion == 0)
        return champion + (step if self.greater_is_better else -step)

    def check(self, value: float | None, champion: float | None, confidence: float | None) -> Check:
        """Check the metric against the champion's; None is a number that was not computed."""
        if value is None:
            return self.refuse(None, f"{self.metric} was not computed")
        if champion is None:
            return self.refuse(value, f"{self.metric} was not computed for the champion")
        limit = self.limit(champion)
        better = value >= limit if self.greater_is_better else value <= limit
        reason = self._doubt(confidence) if better else ""
        return self._check(value, better and not reason, limit, champion, confidence, reason=reason)

    def refuse(self, value: float | None, reason: str) -> Check:
        """Fail the check for a reason other than the two values."""
        return self._check(value, False, reason=reason)

    def waive(self, value: float | None, note: str) -> Check:
        """Pass the check, because there is no champion to beat."""
        if value is None:
            return self.refuse(None, f"{self.metric} was not computed")
        return self._check(value, True, note=note)

    def _check(
        self,
        value: float | None,
        passed: bool,
        limit: float | None = None,
        champion: float | None = None,
        confidence: float | None = None,
        **said: str,
    ) -> Check:
        details = {"champion": champion, "confidence": confidence, self.kind: self.amount}
        if self.confidence is not None:
            details["min_confidence"] = self.confidence
        return Check(
            self.metric,
            value,
            limit,
            self.greater_is_better,
            passed,
            against="champion",
            details=details,
            **said,
        )

    def _doubt(self, confidence: float | None) -> str:
        if self.confidence is None or (confidence is not None and confidence >= self.confidence):
            return ""
        if confidence is None:
            return f"the confidence in a change of {self.metric} cannot be computed"
        return f"the confidence in it is {confidence:.4g}, below the {self.confidence:g} asked for"
