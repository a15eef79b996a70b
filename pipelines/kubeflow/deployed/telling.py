"""Tell how a run of a schedule stands, with the reason in the words of `pipelines.submit`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.compiled.file import steps_of
from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.api.endpoint import KUBEFLOW
from pipelines.kubeflow.deployed.reading import Started
from pipelines.kubeflow.following import reasons
from pipelines.kubeflow.following.outcome import Outcome, refused
from pipelines.kubeflow.following.settings import given
from pipelines.kubeflow.following.tasks import document, get
from pipelines.kubeflow.following.workflow import Node, Workflow, read

# How much later than it is due a run may start, or be reported.
TOLERANCE = timedelta(minutes=10)
REFUSED, LOST = "refused", "lost"
_GONE = "its workflow is gone, so KFP will show it as running for ever; delete the run in KFP"


@dataclass(frozen=True)
class Told:
    """A run with its state in our words and the reason for it, if there is one."""

    started: Started
    state: str
    reason: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether it has not ended."""
        return self.state != LOST and not self.started.run.ended


def lost(started: Started, because: str) -> Told:
    """Return a run that KFP shows as running although Kubernetes has no trace of it."""
    return Told(started, LOST, f"{because}: {_GONE}")


def tell(
    api: Api, namespace: str, started: Started, newer: Sequence[Started], alone: bool, now: datetime
) -> Told:
    """Return how a run stands; `newer` are those that its schedule started later.

    `alone` means that its schedule starts no run while one goes on.
    """
    run = started.run
    if not run.ended:
        # KFP may report the end of a run after Kubernetes has started the next one.
        if alone and any(each.created < now - TOLERANCE for each in newer):
            return lost(started, "its schedule has started another run, which waits for this one")
        return Told(started, run.word)
    if run.succeeded or run.stopped or run.state != "FAILED":
        return Told(started, run.word)
    account = _account(api, namespace, started).removeprefix(f"{run.word}: ")
    state = REFUSED if refused(account) else run.word
    return Told(started, state, "" if account == run.word else account)


def obstruction(api: Api, started: Started, now: datetime) -> str:
    """Return why a pod of a run does not start; empty if none has waited for long."""
    workflow = read(api, started.run.id) or Workflow()
    waiting = [each for each in workflow.waiting() if _waits_long(each, now)]
    file = document(api, get(api, started.run.id)) if waiting else {}
    for node in waiting:
        if why := reasons.why_waiting(node.message, node.step, given(file, node.step)):
            return f"step {node.step!r} does not start: {why}"
    return ""


def _waits_long(node: Node, now: datetime) -> bool:
    # A node may be on its way, which a cluster that grows takes minutes for.
    try:
        return now - datetime.fromisoformat(node.started) > TOLERANCE
    except (ValueError, TypeError):
        return False


def _account(api: Api, namespace: str, started: Started) -> str:
    run = get(api, started.run.id)
    file = document(api, run)
    workflow = read(api, run.id) or Workflow()
    place = workflow.namespace or namespace or KUBEFLOW
    return Outcome(api, run, steps_of(file), file, workflow, place).account()
