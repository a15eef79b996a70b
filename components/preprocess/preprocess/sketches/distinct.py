"""How many distinct values there are, counted in bounded memory."""

import numpy as np

from preprocess.sketches.hashing import Hashes

_ALL = 2**64 - 1
_FEW = 1 << 14


class DistinctCount:
    """Counts distinct hashes: exactly up to `most` of them, beyond from those below a bound.

    The bound falls when there are too many. The count is then an estimate, whose standard error
    is a share of about 1 / sqrt(most / 2).
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._bound = _ALL
        self._known: Hashes = np.empty(0, np.uint64)
        self._new: list[Hashes] = []

    def update(self, hashes: Hashes) -> None:
        """Take further hashes into account."""
        if self._bound != _ALL:
            hashes = hashes[hashes <= np.uint64(self._bound)]
        self._new.append(hashes)
        # Not at every batch, as each time all that are known are sorted.
        if sum(map(len, self._new)) > max(_FEW, len(self._known) // 2):
            self._merge()

    def count(self) -> int:
        """Return the number of distinct hashes."""
        self._merge()
        return round(len(self._known) * 2**64 / (self._bound + 1))

    def _merge(self) -> None:
        self._known = np.unique(np.concatenate([self._known, *self._new]))
        self._new = []
        while len(self._known) > self._most:
            self._bound //= 2
            self._known = self._known[self._known <= np.uint64(self._bound)]
