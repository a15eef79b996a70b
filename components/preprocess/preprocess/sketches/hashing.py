"""Hashes of 64 bits, of values and of rows, the same on every machine."""

import numpy as np
from numpy.typing import NDArray
from pandas import DataFrame, Series, factorize
from pandas.util import hash_array

from preprocess.reading.kinds import Kind

Hashes = NDArray[np.uint64]

# The rows worked on at once if the temporary values of a whole column would be too large.
CHUNK = 1 << 20


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
    """Return the number of the part that each hash falls into; there are at most 256 parts."""
    numbers = np.empty(len(hashes), np.uint8)
    for start in range(0, len(hashes), CHUNK):
        chunk = slice(start, start + CHUNK)
        numbers[chunk] = (hashes[chunk] >> np.uint64(32)) * np.uint64(parts) >> np.uint64(32)
    return numbers
