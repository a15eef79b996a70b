"""A random sample of the values of a column, chosen by their places among its values alone.

A value is chosen if the hash of its place is below a bound, which is halved whenever more are
chosen than a sample holds. So neither batches nor threads show in it, and if a column has no more
values than a sample holds, they are all chosen; else at least about half as many are. A share p of
all values is in a sample of n with a standard error of sqrt(p (1 - p) / n).
"""

from bisect import bisect_left, bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocess.sketches.hashing import CHUNK, Hashes, finalise

# All columns together keep as many values, but each one no more and no fewer than these.
ALL_VALUES = 1 << 21
MOST_VALUES = 1 << 15
FEWEST_VALUES = 1 << 10

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_BITS = 64

Places = NDArray[np.int64]

_NOTHING = np.empty(0, np.int64), np.empty(0, np.uint64)


def size_of_sample(columns: int) -> int:
    """Return how many values each of so many columns keeps at most."""
    return min(MOST_VALUES, max(FEWEST_VALUES, ALL_VALUES // columns))


class Choice:
    """The places that may be chosen for samples of up to `most` values, for all columns alike."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._halvings = 0
        self._below = 0
        # Of each range of places: its end, and what may be chosen of it.
        self._ends: list[int] = [0]
        self._ranges: list[tuple[Places, Hashes]] = []
        # Most columns ask the same, as few have missing values.
        self._answers: dict[tuple[int, int, int], tuple[Places, Hashes]] = {}

    def between(self, start: int, stop: int, halvings: int) -> tuple[Places, Hashes]:
        """Return the places from `start` to `stop` below the bound, with their hashes."""
        while self._ends[-1] < stop:
            self._extend(min(stop, self._ends[-1] + CHUNK))
        asked = start, stop, halvings
        if asked not in self._answers:
            first, last = bisect_right(self._ends, start) - 1, bisect_left(self._ends, stop)
            found = self._ranges[first:last] or [_NOTHING]
            places, hashes = (np.concatenate(each) for each in zip(*found, strict=True))
            chosen = (places >= start) & (places < stop) & below(hashes, halvings)
            self._answers[asked] = places[chosen], hashes[chosen]
        return self._answers[asked]

    def _extend(self, stop: int) -> None:
        self._answers = {}
        places = np.arange(self._ends[-1], stop)
        hashes = finalise((places + 1).astype(np.uint64) * _GOLDEN)
        chosen = below(hashes, self._halvings)
        self._ranges.append((places[chosen], hashes[chosen]))
        self._ends.append(stop)
        self._below += len(self._ranges[-1][0])
        # A column may have fewer values by now, so what is above a later bound stays.
        while self._below > self._most:
            self._halvings += 1
            counts = (int(below(each, self._halvings).sum()) for _, each in self._ranges)
            self._below = sum(counts)


def below(hashes: Hashes, halvings: int) -> NDArray[np.bool_]:
    """Return which hashes are below the bound after so many halvings."""
    return hashes >> np.uint64(_BITS - halvings) == 0 if halvings else np.ones(len(hashes), bool)


class ChosenValues:
    """The chosen values of one column, `most` of them."""

    def __init__(self, choice: Choice, most: int) -> None:
        self._choice = choice
        self._most = most
        self._halvings = 0
        self._count = 0
        self._held = 0
        # Of one size from the start, as arrays that grow leave gaps in memory.
        self._values: NDArray[Any] = np.empty(0)

    def update(self, count: int) -> Places:
        """Return which of the next `count` values are to be added, by their places among them."""
        start, self._count = self._count, self._count + count
        while True:
            places, _ = self._choice.between(start, self._count, self._halvings)
            if self._held + len(places) <= self._most:
                return places - start
            self._halve(start)

    def add(self, values: NDArray[Any]) -> None:
        """Add the values that the last update asked for."""
        if not len(self._values):
            self._values = np.empty(self._most, values.dtype)
        stop = self._held + len(values)
        self._values[self._held : stop] = values
        self._held = stop

    def values(self) -> NDArray[Any]:
        """Return the chosen values, in the order of their places."""
        return self._values[: self._held]

    def _halve(self, count: int) -> None:
        _, hashes = self._choice.between(0, count, self._halvings)
        self._halvings += 1
        kept = self.values()[below(hashes, self._halvings)]
        self._held = len(kept)
        self._values[: self._held] = kept
