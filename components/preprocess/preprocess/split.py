"""The split into train and test, by the hash of each row.

A row's features, not its target, are hashed in their canonical types (all numbers as doubles) and
mixed with the seed to a place u in [0, 1). In each class of a classification, and over all rows of
a regression, the rows with the smallest places are the test rows. How many they are follows from
the places alone: k0 rows have u < fraction. Only where k0 is further than one row or 10 % from
fraction * rows, it is moved to that bound, and at least one row is left on each side.

So the split does not depend on the order of the rows. In a large class k0 is as good as always
within the bounds, and a row's side depends on that row alone: it stays when the table grows. In a
small class the split stays within a row of stratified, and an added row moves at most one other.
Rows with equal features have the same place and fall on the same side; the exact count
gives way to that. A change of the columns, or of the seed, is another split.
"""

from collections.abc import Callable
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series, factorize
from pandas.util import hash_array

from preprocess.errors import PreprocessError
from preprocess.kinds import Kind

Hashes = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
# How far from fraction * rows the test rows of a class may be: the larger of rows and share.
_SLACK_ROWS = 1
_SLACK_SHARE = 0.1
# Rows that are worked on at once where a whole column of temporary values would be too large.
_CHUNK = 1 << 20


def hash_rows(frame: DataFrame, kinds: dict[str, Kind]) -> Hashes:
    """Hash each row over the columns of `kinds`, in their order."""
    return combine(hash_columns(frame, kinds), len(frame))


def hash_columns(frame: DataFrame, kinds: dict[str, Kind]) -> dict[str, Hashes]:
    """Hash each value of the columns of `kinds`, in their order."""
    return {name: hash_column(frame[name], kind) for name, kind in kinds.items()}


def combine(columns: dict[str, Hashes], rows: int) -> Hashes:
    """Make one hash of each row, of those of its values."""
    hashes = np.zeros(rows, np.uint64)
    for values in columns.values():
        hashes = finalise(hashes + values)
    return hashes


def hash_column(column: Series, kind: Kind) -> Hashes:
    """Hash each value; equal values of a kind hash alike, whatever type the file gave them."""
    if kind is Kind.CATEGORICAL:
        codes, values = factorize(column)
        known = hash_array(np.asarray(values, dtype=object), categorize=False)
        # Behind the last: the hash of a missing value, whose code is -1.
        return np.append(known, np.uint64(0))[codes]
    if kind is Kind.DATE:
        return finalise(column.to_numpy("datetime64[ms]").view(np.uint64))
    numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    # Adding 0.0 turns -0.0 into 0.0; there are many NaNs too, of which one is taken.
    canonical = numbers + 0.0
    canonical[np.isnan(numbers)] = np.nan
    return finalise(canonical.view(np.uint64))


def finalise(values: Hashes) -> Hashes:
    """Mix 64-bit integers, so that each bit moves half of the others: the end of splitmix64."""
    mixed = values >> np.uint64(30)
    mixed ^= values
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def part_of_each(hashes: Hashes, parts: int) -> NDArray[np.uint8]:
    """Number the part, of at most 256 of about equal size, that each hash falls into."""
    numbers = np.empty(len(hashes), np.uint8)
    for start in range(0, len(hashes), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        numbers[chunk] = (hashes[chunk] >> np.uint64(32)) * np.uint64(parts) >> np.uint64(32)
    return numbers


def split(
    hashes: Hashes,
    classes: NDArray[np.integer],
    fraction: float,
    seed: int,
    class_name: Callable[[int], str],
) -> NDArray[np.bool_]:
    """Tell for each row whether it is a test row.

    `classes` numbers the class of each row from 0; `class_name` names one in a message. Raises
    PreprocessError where a class cannot be split.
    """
    test = likely_test(hashes, fraction, seed)
    rows = count_codes(classes)
    below = count_codes(classes, test, len(rows))
    bounds = [_bounds(int(each), fraction) for each in rows]
    # Most often none: where the places alone do as asked, nothing is to be sorted.
    moved = [not low <= count <= high for count, (low, high) in zip(below, bounds, strict=True)]
    if any(moved):
        chosen = np.flatnonzero(np.array(moved)[classes])
        test[chosen] = _sorted_split(
            _places(hashes[chosen], seed), classes[chosen], fraction, class_name
        )
    return test


def likely_test(hashes: Hashes, fraction: float, seed: int) -> NDArray[np.bool_]:
    """Tell whether its place alone makes each row a test row, as it does in large classes."""
    test = np.empty(len(hashes), bool)
    for start in range(0, len(hashes), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        test[chunk] = _below(_places(hashes[chunk], seed), fraction)
    return test


def _sorted_split(
    places: Hashes,
    classes: NDArray[np.integer],
    fraction: float,
    class_name: Callable[[int], str],
) -> NDArray[np.bool_]:
    test = np.zeros(len(places), bool)
    order = np.lexsort((places, classes))
    for rows in np.split(order, np.flatnonzero(np.diff(classes[order])) + 1):
        count = _count_moved(places[rows], fraction, class_name, int(classes[rows[0]]))
        test[rows[:count]] = True
    return test


def _places(hashes: Hashes, seed: int) -> Hashes:
    return finalise(hashes ^ finalise(np.full(1, seed, np.int64).view(np.uint64) + _GOLDEN))


def _below(places: Hashes, fraction: float) -> NDArray[np.bool_]:
    # Of a place 53 bits count, as many as a double has.
    return places < np.uint64(ceil(fraction * 2.0**53) << 11)


def count_codes(
    codes: NDArray[np.integer], chosen: NDArray[np.bool_] | None = None, least: int = 0
) -> NDArray[np.int64]:
    """Count each code from 0, of all rows or of those chosen; `least` counts are returned."""
    counts = np.zeros(least, np.int64)
    for start in range(0, len(codes), _CHUNK):
        chunk = codes[start : start + _CHUNK]
        chunk = chunk if chosen is None else chunk[chosen[start : start + _CHUNK]]
        more = np.bincount(chunk[chunk >= 0], minlength=len(counts))
        more[: len(counts)] += counts
        counts = more
    return counts


def _count_moved(
    places: Hashes, fraction: float, class_name: Callable[[int], str], number: int
) -> int:
    """Count the test rows of a class. Raises PreprocessError where it cannot be split."""
    if len(places) < 2:
        raise PreprocessError(
            f"{class_name(number)} has 1 row (repeated rows count once), too few for a train"
            " and a test row; add rows of it, or leave it out"
        )
    count = count_test_rows(places, fraction)
    if not count:
        raise PreprocessError(
            f"{class_name(number)} has {len(places)} rows of equal features, which cannot be"
            " split; add rows or columns"
        )
    return count


def _bounds(rows: int, fraction: float) -> tuple[int, int]:
    """Return the fewest and the most test rows of a class; no number is within where it has one."""
    exact = fraction * rows
    slack = max(_SLACK_ROWS, _SLACK_SHARE * exact)
    return max(1, ceil(exact - slack)), min(rows - 1, floor(exact + slack))


def count_test_rows(places: Hashes, fraction: float) -> int:
    """Return how many of the sorted places are on the test side, 0 if they cannot be split."""
    fewest, most = _bounds(len(places), fraction)
    by_place = int(np.count_nonzero(_below(places, fraction)))
    count = min(max(by_place, fewest), most)
    return _beside_ties(places, count)


def _beside_ties(places: Hashes, count: int) -> int:
    """Move the cut to the nearer end of a run of equal places, so that the run stays whole."""
    tied = places[count - 1]
    below, above = (int(np.searchsorted(places, tied, side)) for side in ("left", "right"))
    ends = [end for end in (below, above) if 0 < end < len(places)]
    return min(ends, key=lambda end: abs(end - count), default=0)
