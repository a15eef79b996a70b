"""The comparison of two profiles, column by column."""

from dataclasses import dataclass

from decide.drift import noise
from decide.drift.classes import classes
from decide.drift.measures import jensen_shannon, psi, wasserstein
from decide.limits import Limits
from pinion_step.formats.profile import Category, Column, Measure, Profile

_OF_CLASSES = {"psi": psi, "js": jensen_shannon}


@dataclass(frozen=True)
class Measured:
    """A measure of a column, its limit, and its noise: the floor below which it says nothing."""

    measure: str
    value: float
    limit: float
    floor: float

    @property
    def allowed(self) -> float:
        """What the measure may reach."""
        return max(self.limit, self.floor)

    @property
    def over(self) -> bool:
        """Whether this is drift."""
        return self.value > self.allowed

    @property
    def relative(self) -> float:
        """The value in relation to what it may reach."""
        return self.value / self.allowed if self.allowed else (float("inf") if self.value else 0.0)


@dataclass(frozen=True)
class ColumnDrift:
    """A column of both tables, with its measures; those that are not known are absent."""

    name: str
    champion: Column
    new: Column
    measures: tuple[Measured, ...]

    @property
    def worst(self) -> Measured:
        """The measure that is highest in relation to what it may reach."""
        return max(self.measures, key=lambda each: each.relative)


def compare(champion: Profile, new: Profile, limits: Limits) -> tuple[ColumnDrift, ...]:
    """Measure the columns that both tables have in one kind; those that moved most come first."""
    shared = {
        name: (before, new.columns[name])
        for name, before in champion.columns.items()
        if name in new.columns and new.columns[name].kind == before.kind
    }
    wanted = {
        name: limits_of
        for name, (before, _) in shared.items()
        if (limits_of := _limits(name, before, limits))
    }
    measures = sum(map(len, wanted.values()))
    alarms = noise.FALSE_ALARMS / max(1, measures)
    found = (
        ColumnDrift(name, *shared[name], _measured(*shared[name], each, alarms))
        for name, each in wanted.items()
    )
    kept = [each for each in found if each.measures]
    return tuple(sorted(kept, key=lambda each: (-each.worst.relative, each.name)))


def _limits(name: str, column: Column, limits: Limits) -> dict[str, float]:
    """Return the limits of the measures that a column of this kind has."""
    suited = {
        "psi": True,
        "js": isinstance(column, Category),
        "wasserstein": isinstance(column, Measure),
    }
    found = {measure: limits.of(name, measure) for measure, suits in suited.items() if suits}
    return {measure: limit for measure, limit in found.items() if limit is not None}


def _measured(
    champion: Column, new: Column, limits: dict[str, float], alarms: float
) -> tuple[Measured, ...]:
    rows = classes(champion, new)
    found = []
    for measure, limit in limits.items():
        if formula := _OF_CLASSES.get(measure):
            value, floor = float(formula(*rows.shares)), noise.of_classes(rows, formula, alarms)
            found.append(Measured(measure, value, limit, floor))
        elif isinstance(champion, Measure) and isinstance(new, Measure):
            apart = wasserstein(champion, new)
            if apart is not None:
                floor = noise.of_distance(champion, new, alarms)
                found.append(Measured(measure, apart, limit, floor))
    return tuple(found)
