"""A column of numbers in memory, filled batch by batch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class NumberColumn:
    """A column of numbers that grows; `rows` is how many it is likely to hold."""

    def __init__(self, rows: int, kind: type[np.generic]) -> None:
        self._values = np.empty(rows, kind)
        self._used = 0

    def append(self, batch: NDArray[Any]) -> None:
        """Append the values of a batch."""
        missing = self._used + len(batch) - len(self._values)
        if missing > 0:
            more = np.empty(max(missing, len(self._values)), self._values.dtype)
            self._values = np.concatenate([self._values, more])
        self._values[self._used : self._used + len(batch)] = batch
        self._used += len(batch)

    @property
    def values(self) -> NDArray[Any]:
        """The values appended so far, not copied."""
        return self._values[: self._used]
