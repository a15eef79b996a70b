"""The champion gate: by how much a model has to be better than the one in use.

The words and the comparison are those of MLflow's MetricThreshold: reaching the limit passes, so
that a change of 0.0, which MLflow does not take, asks for a model that is no worse.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

CHANGES = ("min_absolute_change", "min_relative_change")

# What a relative change of a champion at 0 comes to, in MLflow as here.
_BETTER_THAN_ZERO = 1e-10

# A number, or an array of them.
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Change:
    """What one metric is asked for: `kind` is one of CHANGES, `amount` is 0 or more.

    `confidence`, from 0 to 1, is how sure the change has to be; None asks for no certainty.
    """

    metric: str
    kind: str
    amount: float
    greater_is_better: bool = True
    confidence: float | None = None

    @property
    def relation(self) -> str:
        """The comparison that has to hold, as it is printed."""
        return ">=" if self.greater_is_better else "<="

    def limit(self, champion: _Value) -> _Value:
        """What the metric has to reach where the champion's is this."""
        magnitude: Any = champion
        step = self.amount
        if self.kind == "min_relative_change":
            step = self.amount * abs(magnitude) + _BETTER_THAN_ZERO * (magnitude == 0)
        limit: _Value = magnitude + (step if self.greater_is_better else -step)
        return limit

    def check(
        self, value: float | None, champion: float | None, confidence: float | None
    ) -> "ChangeCheck":
        """Holds the metric against the champion's; None is a number that was not computed."""
        if value is None:
            return self.refuse(None, f"{self.metric} was not computed")
        if champion is None:
            return self.refuse(value, f"{self.metric} was not computed for the champion")
        limit = self.limit(champion)
        better = value >= limit if self.greater_is_better else value <= limit
        reason = self._doubt(confidence) if better else ""
        return ChangeCheck(
            self, value, better and not reason, champion, limit, confidence, reason=reason
        )

    def refuse(self, value: float | None, reason: str) -> "ChangeCheck":
        """The check fails for a reason other than the two values."""
        return ChangeCheck(self, value, False, reason=reason)

    def waive(self, value: float | None, note: str) -> "ChangeCheck":
        """The check passes as there is nobody to be better than."""
        if value is None:
            return self.refuse(None, f"{self.metric} was not computed")
        return ChangeCheck(self, value, True, note=note)

    def _doubt(self, confidence: float | None) -> str:
        if self.confidence is None:
            return ""
        if confidence is None:
            return f"the confidence in a change of {self.metric} cannot be computed"
        if confidence >= self.confidence:
            return ""
        return f"the confidence in it is {confidence:.4g}, below the {self.confidence:g} asked for"


@dataclass(frozen=True)
class ChangeCheck:
    """One change and what was found; None is what is not known.

    `confidence` is the share of resamples of the test rows in which the limit is reached.
    """

    change: Change
    value: float | None
    passed: bool
    champion: float | None = None
    limit: float | None = None
    confidence: float | None = None
    reason: str = ""
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """The check as it stands in the evaluation result."""
        document: dict[str, Any] = {
            "metric": self.change.metric,
            "value": self.value,
            "threshold": self.limit,
            "greater_is_better": self.change.greater_is_better,
            "passed": self.passed,
            "champion": self.champion,
            "confidence": self.confidence,
            self.change.kind: self.change.amount,
        }
        if self.change.confidence is not None:
            document["min_confidence"] = self.change.confidence
        if self.reason:
            document["reason"] = self.reason
        if self.note:
            document["note"] = self.note
        return document
