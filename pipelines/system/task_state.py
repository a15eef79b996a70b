"""How far a task of a run is, in the words of KFP."""

from enum import StrEnum


class State(StrEnum):
    """The state of a task, here as on a cluster, where KFP writes its name.

    A `cached` task took the outputs of an earlier, equal one. A `skipped` task had a condition that
    did not hold, or came after one that failed. A graph fails if a task in it does.
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
        """Whether nothing comes after it."""
        return self not in (State.PENDING, State.RUNNING)
