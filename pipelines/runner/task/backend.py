"""The port for running a container task on this machine, and what every backend must do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipelines.compiled.container import Container
from pipelines.compiled.resource_limits import Limits
from pipelines.system.errors import PinionError


@dataclass(frozen=True)
class Call:
    """One container task that is ready to start; its output goes to `log`.

    `parameters` are its input parameters as text, `inputs` its input artifacts. `command` already
    contains them; they tell a backend what the task must be able to read. The task may write only
    in `folder`.
    """

    name: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    parameters: Mapping[str, str]
    inputs: tuple[Path, ...]
    limits: Limits


class Backend(Protocol):
    """A way to run container tasks on this machine, several at once."""

    def prepare(self, steps: Iterable[tuple[str, Container]]) -> None:
        """Prepare the tasks of a run; raise `PinionError` for one that could not be started."""

    def warm(self, containers: Iterable[Container]) -> None:
        """Announce what runs soon, in the likely order; a backend may prepare it, once."""

    def program(self, image: str) -> str:
        """Return what a prepared image runs, by content: equal texts are equal programs."""

    def run(self, call: Call) -> None:
        """Run a task to its end, in the calling thread.

        Raises `TaskFailedError` if the task does not succeed, and `StoppedError` after `stop` was
        called.
        """

    def close(self) -> None:
        """Release what was prepared; called when no step is running and none will start."""

    def stop(self) -> None:
        """End all running tasks, from another thread, and return when they have ended.

        No task starts after that.
        """


class TaskFailedError(PinionError):
    """A task failed; the log is None if the task did not get far enough to have one."""

    def __init__(self, task: str, reason: str, log: Path | None = None) -> None:
        self.task = task
        self.account = f"{task!r} failed: {reason}" + (f" (log: {log})" if log else "")
        super().__init__(f"step {self.account}")


class StoppedError(Exception):
    """A task was ended because its run was; the task itself did not fail."""
