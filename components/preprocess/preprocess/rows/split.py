"""The split into train and test, by the hash of each row.

A row's features, not its target, are hashed in their canonical types (all numbers as doubles) and
mixed with the seed to a place u in [0, 1). In each class of a classification, and over all rows of
a regression, the rows with the smallest places are the test rows. How many they are follows from
the places alone: k0 rows have u < fraction. Only if k0 is further than one row or 10 % from
fraction * rows, it is moved to that bound, and at least one row is left on each side.

So the split does not depend on the order of the rows. In a large class k0 is as good as always
within the bounds, and a row's side depends on that row alone: it stays when the table grows. In a
small class the split stays within a row of stratified, and an added row moves at most one other.
Rows with equal features have the same place and fall on the same side; the exact count
gives way to that. Only where nearly all rows repeat, `assignment` gives each a hash of its own. A
change of the columns, or of the seed, is another split.
"""

from collections.abc import Sequence
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from pinion_step.errors import StepError
from preprocess.sketches.hashing import CHUNK, Hashes, finalise

Mask = NDArray[np.bool_]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
# How far from fraction * rows the test rows of a class may be: the larger of rows and share.
_SLACK_ROWS = 1
_SLACK_SHARE = 0.1


def split(
    hashes: Hashes,
    classes: NDArray[np.integer],
    fraction: float,
    seed: int,
    names: Sequence[str],
) -> Mask:
    """Return for each row whether it is a test row.

    `classes` numbers the class of each row from 0; `names` are those of the classes in messages.
    Raises `StepError` if a class cannot be split.
    """
    test = likely_test(hashes, fraction, seed)
    rows = count_codes(classes, np.ones(len(classes), bool), len(names))
    below = count_codes(classes, test, len(names))
    bounds = [_bounds(int(each), fraction) for each in rows]
    # Usually none: if the places alone are within the bounds, nothing needs to be sorted.
    moved = [not low <= count <= high for count, (low, high) in zip(below, bounds, strict=True)]
    if any(moved):
        chosen = np.flatnonzero(np.array(moved)[classes])
        places = _places(hashes[chosen], seed)
        test[chosen] = _sorted_split(places, classes[chosen], fraction, names)
    return test


def likely_test(hashes: Hashes, fraction: float, seed: int) -> Mask:
    """Return for each row whether its place alone makes it a test row, as in large classes."""
    test = np.empty(len(hashes), bool)
    for start in range(0, len(hashes), CHUNK):
        chunk = slice(start, start + CHUNK)
        test[chunk] = _below(_places(hashes[chunk], seed), fraction)
    return test


def _sorted_split(
    places: Hashes, classes: NDArray[np.integer], fraction: float, names: Sequence[str]
) -> Mask:
    test = np.zeros(len(places), bool)
    order = np.lexsort((places, classes))
    for rows in np.split(order, np.flatnonzero(np.diff(classes[order])) + 1):
        count = count_test_rows(places[rows], fraction)
        if not count:
            raise _cannot_be_split(names[classes[rows[0]]], len(rows))
        test[rows[:count]] = True
    return test


def _cannot_be_split(name: str, rows: int) -> StepError:
    if rows > 1:
        return StepError(
            f"{name} has {rows} rows of equal features, which cannot be split; add rows or columns"
        )
    return StepError(
        f"{name} has 1 row, too few for a train and a test row; add rows" " of it, or leave it out"
    )


def _places(hashes: Hashes, seed: int) -> Hashes:
    return finalise(hashes ^ finalise(np.full(1, seed, np.int64).view(np.uint64) + _GOLDEN))


def _below(places: Hashes, fraction: float) -> Mask:
    # Of a place 53 bits count, as many as a double has.
    return places < np.uint64(ceil(fraction * 2.0**53) << 11)


def count_codes(codes: NDArray[np.integer], chosen: Mask, classes: int) -> NDArray[np.int64]:
    """Count each code below `classes` in the chosen rows."""
    counts = np.zeros(classes, np.int64)
    for start in range(0, len(codes), CHUNK):
        chunk = slice(start, start + CHUNK)
        counts += np.bincount(codes[chunk][chosen[chunk]], minlength=classes)
    return counts


def _bounds(rows: int, fraction: float) -> tuple[int, int]:
    """Return the fewest and the most test rows of a class; of a class of one row, none fit."""
    exact = fraction * rows
    slack = max(_SLACK_ROWS, _SLACK_SHARE * exact)
    return max(1, ceil(exact - slack)), min(rows - 1, floor(exact + slack))


def count_test_rows(places: Hashes, fraction: float) -> int:
    """Return how many of the sorted places are on the test side, 0 if they cannot be split."""
    fewest, most = _bounds(len(places), fraction)
    by_place = int(np.count_nonzero(_below(places, fraction)))
    return _beside_ties(places, min(max(by_place, fewest), most))


def _beside_ties(places: Hashes, count: int) -> int:
    """Move the cut to the nearer end of a run of equal places, so that the run stays whole."""
    tied = places[count - 1]
    below, above = (int(np.searchsorted(places, tied, side)) for side in ("left", "right"))
    ends = [end for end in (below, above) if 0 < end < len(places)]
    return min(ends, key=lambda end: abs(end - count), default=0)
