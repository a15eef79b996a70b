"""Thresholds that are measured from the champion: what `resolve` and `evaluate` know in common."""

from collections.abc import Mapping
from typing import Any

# The keys of a threshold that is a change from the champion.
CHANGES = ("min_absolute_change", "min_relative_change")


def asks_for_champion(thresholds: Mapping[str, Any]) -> bool:
    """Return whether one of the thresholds is a change from the champion."""
    entries = (each for each in thresholds.values() if isinstance(each, dict))
    return any(kind in entry for entry in entries for kind in CHANGES)
