"""How the numbers of a column are distributed, gathered batch by batch in bounded memory."""

import numpy as np

from preprocess.sketches.moments import Moments, Numbers
from preprocess.sketches.value_choice import ChosenValues


class Distribution:
    """Mean, standard deviation and quantiles of numbers."""

    def __init__(self, chosen: ChosenValues) -> None:
        self._moments = Moments()
        self._chosen = chosen

    def update(self, values: Numbers) -> None:
        """Take further values, of which none is missing, into account."""
        self._moments.update(values)
        # Adding 0.0 turns -0.0, which sorts as 0.0 does, into 0.0.
        self._chosen.add(values[self._chosen.update(len(values))] + 0.0)

    def moments(self) -> tuple[float | None, float | None]:
        """Return mean and standard deviation, None without values or beyond a double."""
        return self._moments.finish()

    def quantiles(self, steps: int) -> list[float]:
        """Return the smallest value that k / steps of the values do not exceed, for each k."""
        values = np.sort(self._chosen.values())
        if not len(values):
            return []
        places = [-(-step * len(values) // steps) - 1 for step in range(1, steps + 1)]
        return values[[0, *places]].tolist()
