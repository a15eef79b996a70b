"""The kind of a column, from counts of the values that fit each kind, batch by batch.

A column is what nearly all its values are. Counting ends for a form, such as numbers, as soon as
more values do not fit it than may, so free text costs no more than its first rows.
"""

import math
from collections import Counter
from collections.abc import Callable
from functools import partial

import numpy as np
from pandas import Series

from pinion_step.reading.readings import FALSE, TRUE
from preprocess.reading.forms import DATE, Mask, is_marker, look_like_numbers, matches
from preprocess.reading.kinds import Kind, declared_kind, fits, to_kind
from preprocess.reading.points import Points
from preprocess.reading.readings import PLAIN, Reading
from preprocess.reading.text_bytes import holds_no_codes

# From this share of misfits on, a column is what any text can be.
MOST_MISFITS = 0.05
_LOOSE: dict[Kind, Callable[[Series], Mask]] = {
    Kind.NUMERIC: look_like_numbers,
    Kind.DATE: partial(matches, pattern=DATE),
}
_CODE = r"^[+-]?(?:0[0-9]|[0-9]{16,}$)"
# A word alone, such as a lone "f", may be the letter of a category.
_PAIRS = tuple({yes, no} for yes, no in zip(TRUE, FALSE, strict=True))


class KindGuess:
    """The kind of one column, narrowed batch by batch."""

    def __init__(self, rows: int | None = None) -> None:
        """`rows` is how many the table has; without it, every misfit is counted."""
        self._most = math.inf if rows is None else MOST_MISFITS * rows
        self._declared: Kind | None = None
        # How many values do not fit a kind, for as long as they are few.
        self._misfits = {Kind.NUMERIC: 0, Kind.BOOLEAN: 0, Kind.DATE: 0}
        # The same of numbers and dates in any form that is looked for.
        self._loose = {Kind.NUMERIC: 0, Kind.DATE: 0}
        self._words: set[str] = set()
        self._has_values = False
        self._has_codes = False
        self._filled = 0
        self._markers: Counter[str] = Counter()
        self.points = Points()

    def update(self, column: Series, numbers: Series | None) -> None:
        """Take a further batch of the cleaned column into account.

        `numbers` are those of a text column whose every value is one.
        """
        present = column.notna()
        count = int(np.count_nonzero(present))
        self._declared = declared_kind(column)
        self._has_values |= bool(count)
        if self._declared or not count:
            return
        if numbers is not None:
            # No text is of two kinds.
            self._filled += count
            self.points.update(column, numbers)
            self._has_codes = self._has_codes or not holds_no_codes(column) and _codes(column)
            for counted in (self._misfits, self._loose):
                for kind in counted.keys() - {Kind.NUMERIC}:
                    self._miss(counted, kind, count)
        elif self._misfits or self._loose:
            self._count(column[present])

    @property
    def kind(self) -> Kind | None:
        """The kind that fits all values but further markers, or None if there are no values."""
        if not self._has_values:
            return None
        if self._declared:
            return self._declared
        possible = [kind for kind, misfits in self._misfits.items() if not misfits]
        if not self._filled or (self._has_codes and Kind.NUMERIC in possible):
            return Kind.CATEGORICAL
        # At most one is left, as no text is of two of these kinds.
        return next(iter(possible), Kind.CATEGORICAL)

    @property
    def reading(self) -> Reading:
        """How the values of the kind are read."""
        plain = self._declared or self.kind in (None, Kind.CATEGORICAL)
        return PLAIN if plain or not self._markers else Reading(tuple(sorted(self._markers)))

    @property
    def declared(self) -> Kind | None:
        """The kind that the type of the column settles, or None for text."""
        return self._declared

    def can_be(self, kind: Kind) -> bool:
        """Return whether the type of the column leaves it to a caller to set the kind."""
        free = self._declared in (None, kind) or kind is Kind.CATEGORICAL
        return free or (self._declared, kind) == (Kind.BOOLEAN, Kind.NUMERIC)

    @property
    def seen_markers(self) -> tuple[str, ...]:
        """The further markers among the values, whatever the others are."""
        return tuple(sorted(self._markers))

    @property
    def markers(self) -> int:
        """How many values are further markers."""
        return self._markers.total()

    @property
    def filled(self) -> int:
        """How many values there are, without further markers."""
        return self._filled

    @property
    def nearly(self) -> Kind | None:
        """The stricter kind that nearly all values fit, though not all of them."""
        if self._declared or not self._filled or self.kind is not Kind.CATEGORICAL:
            return None
        few = {kind: count for kind, count in self._misfits.items() if self._is_few(kind, count)}
        return min(few, key=few.__getitem__, default=None)

    @property
    def looks(self) -> frozenset[Kind]:
        """The kinds that nearly all values may be of in a form that is not plain."""
        if self._declared or not self._filled or self.kind is not Kind.CATEGORICAL:
            return frozenset()
        most = MOST_MISFITS * self._filled
        few = {kind for kind, misfits in self._loose.items() if misfits <= most}
        return frozenset(few - ({Kind.NUMERIC} if self._has_codes else set()))

    def misfits(self, kind: Kind) -> int:
        """Return how many values do not fit a kind that nearly all values fit."""
        return self._misfits.get(kind, self._filled)

    @property
    def holds_codes(self) -> bool:
        """Whether the values are digits that were not taken for numbers."""
        return not self._declared and self._has_codes and not self._misfits.get(Kind.NUMERIC, 1)

    def _is_few(self, kind: Kind, misfits: int) -> bool:
        if misfits > MOST_MISFITS * self._filled:
            return False
        if kind is Kind.NUMERIC:
            return not self._has_codes
        return kind is not Kind.BOOLEAN or any(pair <= self._words for pair in _PAIRS)

    def _count(self, texts: Series) -> None:
        counts = texts.value_counts(sort=False)
        values = Series(counts.index, dtype="str")
        rows = counts.to_numpy(np.int64)
        marked = is_marker(values)
        if marked.any():
            self._markers.update(dict(zip(values[marked], rows[marked].tolist(), strict=True)))
            values, rows = values[~marked], rows[~marked]
        self._filled += int(rows.sum())
        if not len(values):
            return
        for kind in list(self._misfits):
            fit = fits(values, kind).to_numpy(bool)
            self._miss(self._misfits, kind, int(rows[~fit].sum()))
            if kind is Kind.BOOLEAN and fit.any():
                self._words.update(values[fit].str.lower())
            if kind is Kind.NUMERIC and fit.any():
                self._has_codes = self._has_codes or _codes(values[fit])
                self.points.update(values[fit], to_kind(values[fit], Kind.NUMERIC))
        for kind in list(self._loose):
            fit = _LOOSE[kind](values)
            self._miss(self._loose, kind, int(rows[~fit].sum()))

    def _miss(self, counted: dict[Kind, int], kind: Kind, count: int) -> None:
        counted[kind] += count
        if counted[kind] > self._most:
            del counted[kind]


def _codes(column: Series) -> bool:
    return bool(column.dropna().str.contains(_CODE, regex=True).any())
