"""The five steps as ops of dagster, in this process: `with_dagster.py FOLDER`, for `isolation`."""

import sys
from pathlib import Path

from dagster import In, Nothing, OpDefinition, job, op

from benchmarks.one_process import STEPS, call

FOLDER = Path(sys.argv[1])


def step(name: str) -> OpDefinition:
    """A step that begins when the one before it is done."""

    @op(name=name, ins={"before": In(Nothing)})
    def run() -> None:
        call(name, FOLDER)

    return run


@op
def start() -> None:
    """What the first step begins after."""


@job
def training() -> None:
    """All steps, one after the other."""
    done = start()
    for name in STEPS:
        done = step(name)(done)


if __name__ == "__main__":
    training.execute_in_process()
