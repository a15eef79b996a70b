"""Run the five steps as dagster ops in this process: `with_dagster.py FOLDER`, for `isolation`."""

import sys
from pathlib import Path

from dagster import In, Nothing, OpDefinition, job, op

from benchmarks.one_process import STEPS, call

FOLDER = Path(sys.argv[1])


def step(name: str) -> OpDefinition:
    """Return an op that starts when the one before it has ended."""

    @op(name=name, ins={"before": In(Nothing)})
    def run() -> None:
        call(name, FOLDER)

    return run


@op
def start() -> None:
    """Do nothing; the first step starts after it."""


@job
def training() -> None:
    """Run all steps in sequence."""
    done = start()
    for name in STEPS:
        done = step(name)(done)


if __name__ == "__main__":
    training.execute_in_process()
