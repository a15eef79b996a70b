"""Waits for a run on a cluster, and shows its steps as they start and end."""

from collections.abc import Sequence

from pipelines.console.progress import Progress
from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.runs import ENDED, Run, Task, failure, get
from pipelines.system.task_state import State

# Seconds between two looks: at first, and at most.
_PAUSES = (1.0, 5.0)


class Watch:
    """Tells of what changed from one look at a run to the next."""

    def __init__(self, steps: Sequence[str], progress: Progress) -> None:
        self._steps = steps
        self._progress = progress
        self._shown: dict[str, str] = {}
        self._started: set[str] = set()
        self._ended: set[str] = set()

    def look(self, run: Run) -> None:
        """Shows what is new in a run; the workflow's own nodes are no steps."""
        for task in run.tasks:
            if task.name in self._steps:
                self._show(task)
        if run.state in ENDED:
            self._close(run)

    def _show(self, task: Task) -> None:
        shown = self._shown.setdefault(task.id, self._unique(task.name))
        if task.state in ("", "RUNTIME_STATE_UNSPECIFIED", "PENDING") or shown in self._ended:
            return
        # KFP has more words for what still goes on, and may have new ones.
        state = State.__members__.get(task.state, State.RUNNING)
        if shown not in self._started and state is not State.SKIPPED:
            self._started.add(shown)
            self._progress.started(shown)
        if state.ended:
            self._ended.add(shown)
            self._progress.ended(shown, state, took=task.seconds)

    def _unique(self, name: str) -> str:
        """A loop runs a step more than once, under one name."""
        count = sum(shown.partition(".")[0] == name for shown in self._shown.values())
        return f"{name}.{count}" if count else name

    def _close(self, run: Run) -> None:
        """Nothing goes on in a run that has ended, whatever its last look said of a step."""
        # KFP tells nothing of the steps behind a condition that did not hold.
        succeeded = run.state == State.SUCCEEDED.name
        end = (State.SKIPPED, State.SUCCEEDED if succeeded else State.CANCELED)
        for step in [*self._shown.values(), *self._steps]:
            if step not in self._ended:
                self._ended.add(step)
                self._progress.ended(step, end[step in self._started])


def wait(api: Api, run: Run, steps: Sequence[str], progress: Progress) -> Run:
    """The run once it has ended, however it did; raises `PinionError` where KFP stays away."""
    watch = Watch(steps, progress)
    pause, most = _PAUSES
    with progress.shown():
        watch.look(run)
        while run.state not in ENDED:
            api.pause(pause)
            pause = min(pause * 1.2, most)
            run = get(api, run.id)
            watch.look(run)
    return run


def outcome(run: Run, steps: Sequence[str]) -> str:
    """What became of a run, with the step that failed and why."""
    failed = [task for task in run.tasks if task.state == State.FAILED.name and task.name in steps]
    # What KFP starts before a step, and which may fail in its place.
    drivers = [f"{step}-driver" for step in ("root", *steps)]
    failed = failed or [
        task for task in run.tasks if task.state == State.FAILED.name and task.name in drivers
    ]
    reasons = [f"step {task.name!r} failed: {_reason(run, task)}" for task in failed]
    said = "; ".join(dict.fromkeys(reasons)) or run.error
    return f"{run.state}" + (f": {said}" if said else "")


def _reason(run: Run, task: Task) -> str:
    return failure(run.tasks, task) or run.error or "its log says why"
