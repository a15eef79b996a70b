"""The decision: whether to train, and why, in an order in which the first reason counts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import ne
from typing import TYPE_CHECKING, Any

from decide.recipe import parts
from decide.request import Request
from decide.schema import LONGEST
from pinion_step.champion import ALWAYS, ModelVersion
from pinion_step.errors import one_line
from pinion_step.formats.profile import Profile

if TYPE_CHECKING:
    from decide.drift.comparison import ColumnDrift


@dataclass(frozen=True)
class Decision:
    """Whether to train, and the reason as it stands in the output."""

    retrain: bool
    why: str


@dataclass(frozen=True)
class Moved:
    """The measure that is highest in relation to its limit; `over` if that is drift."""

    column: str
    measure: str
    value: float
    over: bool

    @classmethod
    def of(cls, columns: "Sequence[ColumnDrift]") -> "Moved | None":
        """Return that of the first column, which moved most; None if nothing was measured."""
        if not columns:
            return None
        worst = columns[0].worst
        return cls(columns[0].name, worst.measure, worst.value, worst.over)

    def __str__(self) -> str:
        return f"{one_line(self.column, LONGEST)} {self.measure}={self.value:.2g}"


def by_call(request: Request, profile: Profile, recipe: str) -> Decision | ModelVersion:
    """Decide by what the step was told, or return the champion that must be looked at."""
    if request.policy == ALWAYS:
        return Decision(True, "forced")
    if any(_is_this(each, request, profile, recipe) for each in request.refused):
        return Decision(False, "refused_before")
    return request.champion or Decision(True, "no_champion")


def by_identity(
    request: Request, new: Profile, recipe: str, champion: Profile, made: str
) -> Decision | None:
    """Return that the champion is of the same data and recipe, however old it is; None if not."""
    if (champion.dataset, made) != (new.dataset, recipe):
        return None
    # Training would give the same model again.
    return Decision(False, "same_data, max_age passed" if request.expired else "same_data")


def by_comparison(
    request: Request, recipe: str, made: str, differences: Sequence[str], moved: Moved | None
) -> Decision:
    """Decide by what differs from the champion: schema, recipe, and the measures of drift."""
    if differences:
        more = f" and {len(differences) - 1} more" if len(differences) > 1 else ""
        return Decision(True, f"schema:{differences[0]}{more}")
    parameters, code = map(ne, parts(recipe), parts(made))
    # A champion without a recipe is from an older release.
    if parameters and made:
        return Decision(True, "parameters")
    if code or not made:
        return Decision(True, "release")
    if request.policy == "on_change":
        return Decision(True, "new_data")
    if moved and moved.over:
        return Decision(True, f"drift:{moved}")
    if request.expired:
        return Decision(True, "max_age")
    measured = f" max {moved.measure}={moved.value:.2g}" if moved else ""
    return Decision(False, f"no_drift{measured}")


def _is_this(refused: Mapping[str, Any], request: Request, profile: Profile, recipe: str) -> bool:
    """Return whether this candidate was refused before."""
    return (
        refused["dataset"] == profile.dataset
        and refused["recipe"] == recipe
        and _document(refused["thresholds"]) == request.thresholds
        and refused["compare_with"] == request.compare_with
    )


def _document(given: Any) -> Any:
    """Return the thresholds of a refused candidate, which may be the JSON text of a tag."""
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given or "{}")
    except ValueError:
        return None
