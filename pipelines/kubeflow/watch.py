"""Wait for a run on a cluster, and show its steps as they start and end."""

from collections.abc import Sequence

from pipelines.console.progress import Progress
from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.runs import ENDED, Run, Task, failure, get
from pipelines.system.task_state import State

# Seconds between two requests, at first and at most.
_PAUSES = (1.0, 5.0)


class Watch:
    """Show what changed between two looks at a run."""

    def __init__(self, steps: Sequence[str], progress: Progress) -> None:
        self._steps = steps
        self._progress = progress
        self._shown: dict[str, str] = {}
        self._started: set[str] = set()
        self._ended: set[str] = set()

    def look(self, run: Run) -> None:
        """Show what is new in a run; the workflow's own nodes are not steps."""
        for task in run.tasks:
            if task.name in self._steps:
                self._show(task)
        if run.state in ENDED:
            self._close(run)

    def _show(self, task: Task) -> None:
        shown = self._shown.setdefault(task.id, self._unique(task.name))
        if task.state in ("", "RUNTIME_STATE_UNSPECIFIED", "PENDING") or shown in self._ended:
            return
        # KFP has more states for what is still running, and may add others.
        state = State.__members__.get(task.state, State.RUNNING)
        if shown not in self._started and state is not State.SKIPPED:
            self._started.add(shown)
            self._progress.started(shown)
        if state.ended:
            self._ended.add(shown)
            self._progress.ended(shown, state, took=task.seconds)

    def _unique(self, name: str) -> str:
        """Return a unique name, because a loop runs a step several times under one name."""
        count = sum(shown.partition(".")[0] == name for shown in self._shown.values())
        return f"{name}.{count}" if count else name

    def _close(self, run: Run) -> None:
        """Report an end for every step of an ended run, whatever state was last reported."""
        # KFP does not report the steps behind a condition that was false.
        succeeded = run.state == State.SUCCEEDED.name
        end = (State.SKIPPED, State.SUCCEEDED if succeeded else State.CANCELED)
        for step in [*self._shown.values(), *self._steps]:
            if step not in self._ended:
                self._ended.add(step)
                self._progress.ended(step, end[step in self._started])


def wait(api: Api, run: Run, steps: Sequence[str], progress: Progress) -> Run:
    """Wait for a run to end, and return it; raise `PinionError` if KFP stays away."""
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
    """Return the state of a run, with the steps that failed and why."""
    failed = [task for task in run.tasks if task.state == State.FAILED.name and task.name in steps]
    # KFP starts a driver before each step; it may fail instead of the step.
    drivers = [f"{step}-driver" for step in ("root", *steps)]
    failed = failed or [
        task for task in run.tasks if task.state == State.FAILED.name and task.name in drivers
    ]
    reasons = [
        f"step {task.name!r} failed: {failure(run.tasks, task) or run.error or 'see its log'}"
        for task in failed
    ]
    message = "; ".join(dict.fromkeys(reasons)) or run.error
    return f"{run.state}" + (f": {message}" if message else "")
