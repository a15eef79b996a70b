"""The outcome of one check: a metric, the limit that it has to meet, and the verdict."""

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
