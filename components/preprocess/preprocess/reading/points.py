"""Points in plain numbers: 1.234 may be a little more than one, or more than a thousand.

A point in one column that can only be a decimal sign speaks for the other columns as well, because
a table is written in one place.
"""

import numpy as np
from pandas import Series

from preprocess.reading.forms import matches
from preprocess.reading.text_bytes import holds

_THOUSAND = 1000
# Up to three digits, and if there is a point, three more behind it.
_GROUPED = r"^[+-]?(?:0|[1-9][0-9]{0,2}(?:\.[0-9]{3})?)$"


class Points:
    """What the points of one column may be, told batch by batch."""

    def __init__(self) -> None:
        self._may_group = True
        self._seen = False
        # A number whose point may group digits.
        self.example = ""

    @property
    def are_ambiguous(self) -> bool:
        """Whether every point may be between groups of three digits."""
        return self._may_group and self._seen

    @property
    def are_decimal(self) -> bool:
        """Whether a point is a decimal sign for sure."""
        return self._seen and not self._may_group

    def update(self, texts: Series, numbers: Series) -> None:
        """Take further texts, all of them numbers or missing, into account."""
        if self.are_decimal:
            return
        # Most columns are told by their numbers alone, at once.
        self._may_group = self._may_group and _may_be_groups(numbers)
        if not holds(texts, "."):
            return
        self._seen = True
        if self._may_group:
            present = texts.dropna()
            self._may_group = bool(matches(present, _GROUPED).all())
            self.example = self.example or str(present[matches(present, r"\.")].iloc[0])


def _may_be_groups(numbers: Series) -> bool:
    sizes = np.abs(numbers.dropna().to_numpy(np.float64))
    if ((sizes >= _THOUSAND) | ((sizes > 0) & (sizes < 1))).any():
        return False
    thousandths = sizes * _THOUSAND
    return bool((np.abs(thousandths - np.rint(thousandths)) < 1e-6).all())
