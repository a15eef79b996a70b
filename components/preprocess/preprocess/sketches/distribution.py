"""How the numbers of a column are distributed, gathered batch by batch in bounded memory."""

import numpy as np

from preprocess.sketches.moments import Moments, Numbers
from preprocess.sketches.value_choice import Choice, ChosenValues


class Distribution:
    """Mean, standard deviation and quantiles of numbers."""

    def __init__(self, choice: Choice) -> None:
        self._moments = Moments()
        self._chosen = ChosenValues(choice)
        self._low, self._high = np.inf, -np.inf

    def update(self, values: Numbers) -> None:
        """Take further values, of which none is missing, into account."""
        if len(values):
            # Adding 0.0 turns -0.0, which sorts as 0.0 does, into 0.0.
            self._low = min(self._low, float(values.min()) + 0.0)
            self._high = max(self._high, float(values.max()) + 0.0)
            self._moments.update(values)
            self._chosen.add(values[self._chosen.update(len(values))] + 0.0)

    def moments(self) -> tuple[float | None, float | None]:
        """Return mean and standard deviation, None without values or beyond a double."""
        # The sums of equal values are rounded.
        return (self._low, 0.0) if self._low == self._high else self._moments.finish()

    def quantiles(self, steps: int) -> list[float]:
        """Return the smallest value that k / steps of the values do not exceed, for each k.

        The ends are those of all values, even if only some are in the sample.
        """
        values = np.sort(self._chosen.values())
        if not len(values):
            return []
        places = [-(-step * len(values) // steps) - 1 for step in range(1, steps)]
        return [self._low, *values[places].tolist(), self._high]
