"""Fold the tasks of a run into its steps, each once, however often Argo tried it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pipelines.kubeflow.following.tasks import Run, Task
from pipelines.system.task_state import State

EXECUTOR, DRIVER = "executor", "-driver"
_FIRST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Step:
    """A step that KFP has begun with; the steps of a loop's items are called `train`, `train.1`.

    `task` is the last attempt: the step's own task, or that of the driver that failed before it.
    """

    name: str
    state: State
    task: Task
    started: datetime | None

    @property
    def base(self) -> str:
        """Its name in the pipeline, without the number of a loop's item."""
        return self.name.partition(".")[0]

    @property
    def seconds(self) -> float | None:
        """How long it took by the cluster's clock, if KFP reports that."""
        ended = self.task.ended
        if self.started is None or ended is None or ended < self.started:
            return None
        return (ended - self.started).total_seconds()


def steps(run: Run, names: Sequence[str]) -> list[Step]:
    """Return the steps with these names; a step that Argo has not come to is not among them."""
    return [step for name in names for step in _steps(run, name, _retried(run, names))]


def drivers(run: Run, names: Sequence[str]) -> list[Task]:
    """Return the drivers that failed and belong to no step, such as that of a condition."""
    own = {name + DRIVER for name in names}
    return [task for task in run.tasks if _failed_driver(task) and task.name not in own]


def executors(run: Run, step: Step) -> list[Task]:
    """Return the tasks that may be the step's executor; KFP does not report which one is."""
    started = step.task.started
    return [task for task in run.tasks if task.name == EXECUTOR and task.started == started]


def _steps(run: Run, name: str, retried: bool) -> Iterator[Step]:
    attempts = sorted(
        (
            task
            for task in run.tasks
            if (task.name == name and task.state)
            or (task.name == name + DRIVER and _failed_driver(task))
        ),
        key=lambda task: (task.started or _FIRST, task.id),
    )
    # Without retries around it, a step has several tasks because it is in a loop.
    groups = [attempts] if retried and attempts else [[task] for task in attempts]
    for number, group in enumerate(groups):
        last = group[-1]
        shown = f"{name}.{number}" if number else name
        yield Step(shown, _state(run, last, retried), last, group[0].started)


def _state(run: Run, task: Task, retried: bool) -> State:
    # KFP has more states for what is still running, and may add others.
    state = State.__members__.get(task.state, State.RUNNING)
    if state is State.SUCCEEDED and _cached(run, task):
        return State.CACHED
    if state is State.FAILED and run.stopped:
        return State.CANCELED
    if state is State.FAILED and retried and not run.ended and _tried_again(run, task):
        return State.RUNNING
    return state


def _cached(run: Run, task: Task) -> bool:
    """Return whether the executor of a step that succeeded was skipped.

    Such a step never ran and ends in the second in which it began, with its executor.
    """
    return (
        State.RUNNING.name not in task.states
        and task.started == task.ended
        and any(
            each.name == EXECUTOR
            and each.state == State.SKIPPED.name
            and each.started == task.started
            for each in run.tasks
        )
    )


def _retried(run: Run, names: Sequence[str]) -> bool:
    """Return whether Argo tried a graph again, and with it all of its steps."""
    own = {EXECUTOR, *names}
    return any(
        task.again and task.again not in own and not task.again.endswith(DRIVER)
        for task in run.tasks
    )


def _tried_again(run: Run, failed: Task) -> bool:
    return any(
        task.again
        and task.state == State.RUNNING.name
        and (task.started or _FIRST) >= (failed.ended or _FIRST)
        for task in run.tasks
    )


def _failed_driver(task: Task) -> bool:
    return task.name.endswith(DRIVER) and task.state == State.FAILED.name
