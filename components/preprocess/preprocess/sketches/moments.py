"""Mean and standard deviation of numbers, gathered batch by batch."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_BLOCK = 1 << 10
# So many blocks at once stay in the processor's cache.
_BLOCKS = 1 << 5


class Moments:
    """Adds up blocks of equal size, so that the batches do not show in the last digits.

    Blocks are joined as Chan, Golub and LeVeque do it, which loses no digits to a large mean.
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean = 0.0
        # The sum of the squared distances from the mean.
        self._squares = 0.0
        # The block that is not full yet.
        self._block = np.empty(_BLOCK)
        self._filled = 0

    def update(self, values: Numbers) -> None:
        """Take further values, of which none is missing, into account."""
        values = self._fill(values)
        whole = len(values) - len(values) % _BLOCK
        for start in range(0, whole, _BLOCK * _BLOCKS):
            stop = min(whole, start + _BLOCK * _BLOCKS)
            self._add(values[start:stop].reshape(-1, _BLOCK))
        self._fill(values[whole:])

    def finish(self) -> tuple[float | None, float | None]:
        """Return the mean and the standard deviation of a population.

        Both are None if there are no values or if they are beyond what a double holds.
        """
        if self._filled:
            self._add(self._block[None, : self._filled])
            self._filled = 0
        if not self._count:
            return None, None
        mean, deviation = self._mean, float(np.sqrt(self._squares / self._count))
        return (mean, deviation) if np.isfinite([mean, deviation]).all() else (None, None)

    def _fill(self, values: Numbers) -> Numbers:
        """Fill the block that is begun, and return the values that are left over."""
        if not self._filled and len(values) >= _BLOCK:
            return values
        taken = values[: _BLOCK - self._filled]
        self._block[self._filled : self._filled + len(taken)] = taken
        self._filled += len(taken)
        if self._filled == _BLOCK:
            self._add(self._block[None])
            self._filled = 0
        return values[len(taken) :]

    def _add(self, blocks: Numbers) -> None:
        size = blocks.shape[1]
        # What is too large for a double shows at the end.
        with np.errstate(over="ignore", invalid="ignore"):
            means = blocks.sum(axis=1) / size
            apart = blocks - means[:, None]
            apart *= apart
            squares = apart.sum(axis=1)
            for mean, square in zip(means.tolist(), squares.tolist(), strict=True):
                distance, both = mean - self._mean, self._count + size
                self._mean += distance * (size / both)
                self._squares += square + distance * (distance * (self._count * (size / both)))
                self._count = both
