"""The port for running a container task on this machine, and what every backend must do.

Beside it are the values that tasks pass to each other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pipelines.compiled.container import ArtifactType, Container, Limits
from pipelines.compiled.values import Value
from pipelines.system.errors import PinionError

# The special folders beside the folders of the runs. The first holds results of earlier tasks, the
# second one mark for each unfinished run, with the name of the run.
CACHE = ".cache"
MARKS = ".running"


@dataclass(frozen=True)
class Artifact:
    """One artifact; a task may store it elsewhere, so its URI is not always a path."""

    uri: str
    type: ArtifactType
    name: str = ""
    metadata: Mapping[str, Value] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Its path on this machine."""
        return Path(self.uri)


@dataclass
class Values:
    """Named parameters and artifacts: the inputs or the outputs of a task."""

    parameters: dict[str, Value] = field(default_factory=dict)
    artifacts: dict[str, Artifact] = field(default_factory=dict)


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
