import numpy as np
import pytest

from preprocess.sketches.distinct import DistinctCount

HASHES = np.random.default_rng(11).integers(0, 2**64, 300_000, np.uint64)


def counted(most: int) -> DistinctCount:
    count = DistinctCount(most)
    for start in range(0, len(HASHES), 10_000):
        # Each batch repeats the one before.
        count.update(HASHES[max(0, start - 10_000) : start + 10_000])
    return count


def test_distinct_values_are_counted_exactly_up_to_a_bound() -> None:
    assert counted(len(HASHES)).count() == len(HASHES)


def test_beyond_the_bound_they_are_estimated() -> None:
    count = counted(20_000)
    assert count.count() != len(HASHES)
    assert count.count() == pytest.approx(len(HASHES), rel=0.03)
