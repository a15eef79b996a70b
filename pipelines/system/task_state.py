"""The states of a task of a run, in KFP's words."""

from enum import StrEnum


class State(StrEnum):
    """The state of a task, here and on a cluster.

    A `cached` task took the outputs of an earlier, equal task. A `skipped` task had a condition
    that was false, or depends on a task that failed. A graph fails if one of its tasks fails.
    """

    PENDING = "pending"
    RUNNING = "running"
    CACHED = "cached"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELED = "canceled"

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self not in (State.PENDING, State.RUNNING)
