"""The classes of a column, and how many rows of two tables are in each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pinion_step.formats.profile import Category, Column, Measure

# Quantiles of a profile from one decile to the next.
_TENTH = 20


@dataclass(frozen=True)
class Classes:
    """The rows of the champion's data and of the new data in each class."""

    champion: np.ndarray
    new: np.ndarray

    @property
    def shares(self) -> tuple[np.ndarray, np.ndarray]:
        """The shares of the rows of each table."""
        return self.champion / self.champion.sum(), self.new / self.new.sum()


def classes(champion: Column, new: Column) -> Classes:
    """Return the classes of a column: bins or categories, and the missing values as their own.

    Numbers and dates are binned by the deciles of the champion's data.
    """
    if isinstance(champion, Measure) and isinstance(new, Measure):
        cuts = list(_cuts(champion.quantiles))
        rows = [_binned(each, cuts) for each in (champion, new)]
    elif isinstance(champion, Category) and isinstance(new, Category):
        names = categories(champion, new)
        rows = [_counted(each, names) for each in (champion, new)]
    else:
        rows = [[filled(each)] for each in (champion, new)]
    both = zip((champion, new), rows, strict=True)
    return Classes(*(np.array([*found, each.missing], dtype=float) for each, found in both))


def filled(column: Column) -> int:
    """Return the rows of a column that have a value."""
    return column.rows - column.missing


def categories(champion: Category, new: Category) -> list[str]:
    """Return the categories whose rows are known in both tables, the most common first.

    A profile names only the most common. What one of them does not name is among the others of
    both, unless it has no others: then the category has no row there.
    """
    first, second = champion.frequencies, new.frequencies
    shared = {
        name: first.get(name, 0) + second.get(name, 0)
        for name in first.keys() | second.keys()
        if (name in first or not champion.other) and (name in second or not new.other)
    }
    return sorted(shared, key=lambda name: (-shared[name], name))


def below(column: Measure, values: ArrayLike, strictly: bool = False) -> np.ndarray:
    """Return the share of the filled rows that are at most each value, or less than it."""
    quantiles = np.asarray(column.quantiles)
    last = len(quantiles) - 1
    given = np.asarray(values, dtype=float)
    if last < 1:
        return np.zeros(len(given))
    after = np.searchsorted(quantiles, given, side="left" if strictly else "right")
    left = np.clip(after - 1, 0, last - 1)
    # Halves, because the distance between two doubles may be beyond what a double holds.
    low, high = quantiles[left] / 2, quantiles[left + 1] / 2
    part = np.divide(given / 2 - low, high - low, out=np.zeros(len(given)), where=high > low)
    inside = (left + part) / last
    return np.where(after == 0, 0.0, np.where(after > last, 1.0, inside))


def _cuts(quantiles: Sequence[float]) -> Iterator[tuple[float, bool]]:
    """Yield where one bin ends and the next begins; True if the value itself is in the next.

    A value that is several deciles at once is a bin of its own.
    """
    deciles = list(quantiles[_TENTH:-1:_TENTH])
    for value in sorted(set(deciles)):
        if deciles.count(value) > 1:
            yield value, True
        yield value, False


def _binned(column: Measure, cuts: Sequence[tuple[float, bool]]) -> list[float]:
    ends = [below(column, [value], strictly)[0] for value, strictly in cuts]
    return [float(share) * filled(column) for share in np.diff([0.0, *ends, 1.0])]


def _counted(column: Category, names: Sequence[str]) -> list[float]:
    found = [float(column.frequencies.get(name, 0)) for name in names]
    return [*found, filled(column) - sum(found)]
