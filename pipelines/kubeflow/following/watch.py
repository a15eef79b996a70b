"""Wait for a run on a cluster, and show its steps as they start and end."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.console.progress import Progress
from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.following import reasons
from pipelines.kubeflow.following.settings import given
from pipelines.kubeflow.following.steps import DRIVER, EXECUTOR, Step, steps
from pipelines.kubeflow.following.tail import Tail
from pipelines.kubeflow.following.tasks import Run, get
from pipelines.kubeflow.following.workflow import Node, Workflow, read
from pipelines.system.task_state import State

# Seconds between two requests, at first and at most.
_PAUSES = (1.0, 5.0)
# KFP may report the tasks of a run that has ended some seconds later, or never.
_LAST_LOOKS = 3


class Watch:
    """Show what changed between two looks at a run."""

    def __init__(
        self, names: Sequence[str], document: Mapping[str, Any], progress: Progress
    ) -> None:
        self._names = names
        self._document = document
        self._progress = progress
        self._started: set[str] = set()
        self._ended: set[str] = set()
        self._waiting: dict[str, str] = {}

    def look(self, run: Run, workflow: Workflow) -> None:
        """Show what is new in a run; the workflow's own nodes are not steps."""
        for step in steps(run, self._names):
            self._show(step, workflow.attempts(step.base))
        self._wait(workflow)

    def close(self, run: Run, workflow: Workflow) -> None:
        """Report an end for every step of an ended run, whatever state was last reported."""
        seen = {step.name for step in steps(run, self._names)}
        for step in [*sorted(seen | self._started), *self._names]:
            if step not in self._ended:
                self._ended.add(step)
                self._progress.ended(step, *self._end(run, workflow, step))

    def _show(self, step: Step, attempts: int) -> None:
        if step.name in self._ended or step.state is State.PENDING:
            return
        if step.name not in self._started and step.state not in (State.SKIPPED, State.CACHED):
            self._started.add(step.name)
            self._progress.started(step.name)
        if step.state.ended:
            self._ended.add(step.name)
            why = f"{attempts} attempts" if attempts > 1 else ""
            self._progress.ended(step.name, step.state, why, step.seconds)

    def _wait(self, workflow: Workflow) -> None:
        """Show why steps do not start, once for each reason."""
        now = {self._shown(node.step): self._why(node) for node in workflow.waiting()}
        for name in sorted({*now, *self._waiting}):
            if (why := now.get(name, "")) != self._waiting.get(name, ""):
                self._progress.waits(name, why)
        self._waiting = now

    def _why(self, node: Node) -> str:
        if not node.driver:
            step = node.step
            return reasons.why_waiting(node.message, step, given(self._document, step))
        message = reasons.unusual(node.message)
        return f"KFP's driver does not start: {message}" if message else ""

    def _shown(self, name: str) -> str:
        """Return the step that waits for a pod: the next one, if it is the driver of a graph."""
        left = (each for each in self._names if each not in self._started)
        return name if name in self._names else next(left, name)

    def _end(self, run: Run, workflow: Workflow, step: str) -> tuple[State, str]:
        began = step in self._started
        if run.stopped:
            return (State.CANCELED, "") if began else (State.SKIPPED, "the run was stopped")
        if run.succeeded and (began or workflow.of(step)):
            return State.SUCCEEDED, ""
        if workflow.failed(step):
            return State.FAILED, ""
        if began:
            return State.CANCELED, ""
        if run.succeeded and _prepared(run, step):
            # KFP's last word on it was its driver, behind which nothing ran.
            return State.CACHED, ""
        # KFP does not report the steps behind a condition that was false.
        return State.SKIPPED, "its condition is false" if run.succeeded else _behind(run)


def _prepared(run: Run, step: str) -> bool:
    return any(task.name == step + DRIVER and task.state for task in run.tasks)


def _behind(run: Run) -> str:
    """Return why a step of a failed run was skipped; empty if a condition may be the reason."""
    false = any(
        task.state == State.SKIPPED.name and not task.name.startswith(EXECUTOR)
        for task in run.tasks
    )
    return "" if false else "an earlier step failed"


def wait(
    api: Api, run: Run, watch: Watch, progress: Progress, tail: Tail | None = None
) -> tuple[Run, Workflow]:
    """Wait for a run to end, and return it with Argo's account of it.

    A `tail` shows the log of a step meanwhile. Raises `PinionError` if KFP stays away.
    """
    pause, most = _PAUSES
    left, workflow, before = _LAST_LOOKS, Workflow(), run
    with progress.shown():
        while True:
            asks = tail is not None or _needs_argo(run, before)
            workflow = (read(api, run.id) or workflow) if asks else Workflow()
            watch.look(run, workflow)
            if tail:
                tail.look(workflow)
            if run.settled or (run.ended and not left):
                break
            left -= run.ended
            api.pause(_PAUSES[0] if run.ended else pause)
            pause = min(pause * 1.2, most)
            before, run = run, get(api, run.id)
        watch.close(run, workflow)
    return run, workflow


def _needs_argo(run: Run, before: Run) -> bool:
    """Return whether a pod does not start, was tried again, or failed: KFP does not say why."""
    if any(task.again for task in run.tasks):
        return True
    if run.ended:
        return not (run.succeeded and run.settled)
    pending = {task.id for task in before.tasks if task.pending}
    return any(task.pending and task.id in pending for task in run.tasks)
