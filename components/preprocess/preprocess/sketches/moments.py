"""Mean and standard deviation of numbers, gathered batch by batch."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_BLOCK = 1 << 10


class Moments:
    """Adds up blocks of equal size, so that the batches do not show in the last digits.

    Blocks are joined as Chan, Golub and LeVeque do it, which loses no digits to a large mean.
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean = 0.0
        # The sum of the squared distances from the mean.
        self._squares = 0.0
        self._rest = np.empty(0)

    def update(self, values: Numbers) -> None:
        """Take further values, of which none is missing, into account."""
        values = np.concatenate([self._rest, values])
        whole = len(values) - len(values) % _BLOCK
        self._rest = values[whole:].copy()
        self._add(values[:whole].reshape(-1, _BLOCK))

    def finish(self) -> tuple[float | None, float | None]:
        """Return the mean and the population's standard deviation.

        Both are None if there are no values or if they are beyond what a double holds.
        """
        if len(self._rest):
            self._add(self._rest[None, :])
            self._rest = np.empty(0)
        if not self.count:
            return None, None
        mean, deviation = self._mean, float(np.sqrt(self._squares / self.count))
        return (mean, deviation) if np.isfinite([mean, deviation]).all() else (None, None)

    def _add(self, blocks: Numbers) -> None:
        size = blocks.shape[1]
        # What is too large for a double shows at the end.
        with np.errstate(over="ignore", invalid="ignore"):
            means = blocks.sum(axis=1) / size
            apart = blocks - means[:, None]
            apart *= apart
            squares = apart.sum(axis=1)
            for mean, square in zip(means.tolist(), squares.tolist(), strict=True):
                distance, both = mean - self._mean, self.count + size
                self._mean += distance * (size / both)
                self._squares += square + distance * (distance * (self.count * (size / both)))
                self.count = both
