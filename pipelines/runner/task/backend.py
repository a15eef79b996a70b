"""How a container task is run here: what a runner is given, and what it has to keep."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipelines.compiled.container import Container
from pipelines.compiled.resource_limits import Limits
from pipelines.system.errors import PinionError


@dataclass(frozen=True)
class Call:
    """One container task, ready to start; what it prints goes to `log`.

    `parameters` are its input parameters as text, `inputs` its input artifacts, which `command`
    has in it already; they say what a runner has to let it reach. It may write in `folder` alone.
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
    """A way to run container tasks here, several at once."""

    def prepare(self, steps: Iterable[tuple[str, Container]]) -> None:
        """Readies the tasks of a run; raises `PinionError` for one that could not be started."""

    def warm(self, containers: Iterable[Container]) -> None:
        """What runs soon, most likely in this order; a backend may ready it, once."""

    def program(self, image: str) -> str:
        """What a prepared image runs, by its content: equal texts are equal programs."""

    def run(self, call: Call) -> None:
        """Runs a task to its end, in the calling thread.

        Raises `TaskFailedError` on anything but success, `StoppedError` once `stop` was called.
        """

    def close(self) -> None:
        """Let go of what was readied; called when no step runs any more and none will."""

    def stop(self) -> None:
        """Ends what runs, from another thread, and returns when it has; nothing starts any more."""


class TaskFailedError(PinionError):
    """A task failed for a reason; where it came as far as to have one, with a log."""

    def __init__(self, task: str, reason: str, log: Path | None = None) -> None:
        self.task = task
        self.account = f"{task!r} failed: {reason}" + (f" (log: {log})" if log else "")
        super().__init__(f"step {self.account}")


class StoppedError(Exception):
    """A task was ended because the run was; not a failure of its own."""
