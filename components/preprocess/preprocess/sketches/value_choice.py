"""A random sample of the values of a column, chosen by their places among its values alone.

The chosen values are those with the smallest hashes of their places, so neither batches nor
threads show in them. If a column has no more values than the sample holds, they are all of them.
A share p of all values is in the sample with a standard error of sqrt(p (1 - p) / size).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocess.sketches.hashing import CHUNK, Hashes, finalise

# All columns together keep as many values, but each one no more and no fewer than these.
ALL_VALUES = 1 << 21
MOST_VALUES = 1 << 16
FEWEST_VALUES = 1 << 10

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ALL = np.uint64(2**64 - 1)

Places = NDArray[np.int64]


def size_of_sample(columns: int) -> int:
    """Return how many values each of so many columns keeps."""
    return min(MOST_VALUES, max(FEWEST_VALUES, ALL_VALUES // columns))


class Choice:
    """The places that may be among those with the `size` smallest hashes, for all columns."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._seen = 0
        self._bound = _ALL
        self._places: Places = np.empty(0, np.int64)
        self._hashes: Hashes = np.empty(0, np.uint64)

    def between(self, start: int, stop: int, bound: np.uint64 = _ALL) -> tuple[Places, Hashes]:
        """Return the places from `start` to `stop` whose hash may be chosen, with the hashes."""
        while self._seen < stop:
            self._extend(min(stop, self._seen + CHUNK))
        first, end = np.searchsorted(self._places, [start, stop])
        places, hashes = self._places[first:end], self._hashes[first:end]
        if bound == _ALL:
            return places, hashes
        below = hashes <= bound
        return places[below], hashes[below]

    def lowest(self, hashes: Hashes) -> np.uint64:
        """Return the bound below which there are `size` of the hashes, or all."""
        if len(hashes) <= self.size:
            return _ALL
        bound: np.uint64 = np.partition(hashes, self.size - 1)[self.size - 1]
        return bound

    def _extend(self, stop: int) -> None:
        places = np.arange(self._seen, stop)
        hashes = finalise((places + 1).astype(np.uint64) * _GOLDEN)
        below = hashes <= self._bound
        self._places = np.append(self._places, places[below])
        self._hashes = np.append(self._hashes, hashes[below])
        self._bound = self.lowest(self._hashes[self._hashes <= self._bound])
        self._seen = stop


class ChosenValues:
    """The chosen values of one column."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._bound = _ALL
        self._count = 0
        self._held = 0
        self._pieces: list[NDArray[Any]] = []

    def update(self, count: int) -> Places:
        """Return which of the next `count` values are to be added, by their places among them."""
        start, self._count = self._count, self._count + count
        return self._choice.between(start, self._count, self._bound)[0] - start

    def add(self, values: NDArray[Any]) -> None:
        """Add the values that the last update asked for."""
        self._pieces.append(values)
        self._held += len(values)
        # Not at every batch, as each time all are copied.
        if self._held > self._choice.size * 5 // 4:
            self._lower()

    def values(self) -> NDArray[Any]:
        """Return the chosen values, in the order of their places."""
        self._lower()
        return self._pieces[0] if self._pieces else np.empty(0)

    def _lower(self) -> None:
        if not self._pieces:
            return
        hashes = self._choice.between(0, self._count, self._bound)[1]
        self._bound = self._choice.lowest(hashes)
        values = np.concatenate(self._pieces)
        self._pieces = [values[hashes <= self._bound]]
        self._held = len(self._pieces[0])
