"""A few of the faults of `make chaos`, one of each kind that needs no server."""

import pytest

from tests.chaos.rounds import KINDS, play

SEED = 7


@pytest.mark.parametrize("kind", ["kill-runner", "kill-step", "stop-runner", "full-disk"])
def test_a_fault_leaves_nothing_that_the_next_run_minds(kind: str) -> None:
    tally = play({kind: KINDS[kind]}, SEED, rounds=1)
    print("\n".join(tally.lines()))
    assert tally.failures == []
    assert tally.tried[kind] == 1
