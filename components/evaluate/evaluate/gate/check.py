"""One metric held to what was asked of it, and what came of that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from evaluate.gate.comparison import Comparison


@dataclass(frozen=True)
class Check:
    """A metric, its limit and the verdict; None is a number that is not known.

    `against` is whose number the limit comes from, such as the champion, or empty. `details` are
    what the evaluation result says beside the rest.
    """

    metric: str
    value: float | None
    limit: float | None
    relation: str
    greater_is_better: bool
    passed: bool
    against: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    note: str = ""

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


class Requirement(Protocol):
    """What one metric is asked for: a limit, or a change of the champion."""

    @property
    def compares(self) -> bool:
        """Return whether a champion is needed."""

    def hold(self, metrics: Mapping[str, float], comparison: "Comparison | None") -> Check:
        """Check the metric; one that was not computed fails."""
