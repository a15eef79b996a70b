"""Judge a schedule by its last runs, and by when the next one should have started."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.api.endpoint import KUBEFLOW
from pipelines.kubeflow.deployed.reading import Deployed, Started
from pipelines.kubeflow.deployed.telling import REFUSED, TOLERANCE, Told, obstruction, tell

# How long a run may go on after the next one was due: a slow one is no failure, one that hangs is.
PATIENCE = timedelta(days=1)
OVERDUE, PAUSED, UNUSABLE, WAITING = "overdue", "paused", "unusable", "waiting"
_BAD = ("failed", REFUSED, OVERDUE, UNUSABLE)
_CONTROLLER = f"kubectl logs -n {KUBEFLOW} deployment/ml-pipeline-scheduledworkflow"


@dataclass(frozen=True)
class Standing:
    """How a schedule stands; `due` is when the next run starts or should have started."""

    schedule: Deployed
    runs: Sequence[Told]
    state: str
    reason: str
    due: datetime | None

    @property
    def bad(self) -> bool:
        """Whether someone has to look at it."""
        return self.state in _BAD


def judge(
    api: Api, namespace: str, schedule: Deployed, found: Sequence[Started], now: datetime
) -> Standing:
    """Return how a schedule stands whose last runs are these, the newest first."""
    runs = [
        tell(api, namespace, each, found[:number], schedule.alone, now)
        for number, each in enumerate(found)
    ]
    due = schedule.trigger.after(runs[0].started.created if runs else schedule.created)
    state, reason = _last(runs)
    if schedule.recurring.paused:
        return Standing(schedule, runs, PAUSED, "", None)
    if schedule.gone:
        reason = (
            "its version was deleted, so no run can start; deploy a release"
            " (python -m pipelines.deploy TAG --schedule CRON), or remove the schedule in KFP"
        )
        return Standing(schedule, runs, UNUSABLE, reason, None)
    if due and (late := _lateness(api, schedule, runs, due, now)):
        state, reason = OVERDUE, late
    return Standing(schedule, runs, state, reason, due)


def _last(runs: Sequence[Told]) -> tuple[str, str]:
    """Return the state and reason of the last run that ended, if one has."""
    for each in runs:
        if each.started.run.ended:
            return each.state, each.reason
    return (runs[0].state if runs else WAITING), ""


def _lateness(
    api: Api, schedule: Deployed, runs: Sequence[Told], due: datetime, now: datetime
) -> str:
    """Return why no run has started that was due; empty if it may still start."""
    newest = runs[0] if runs else None
    if newest and newest.goes_on and schedule.alone:
        run = newest.started
        if now <= due + TOLERANCE:
            return ""
        why = obstruction(api, run, now)
        if not why and now <= due + PATIENCE:
            return ""
        return (
            f"the run due at {moment(schedule, due)} waits for {run.run.name!r}, which still goes"
            f" on{f': {why}' if why else ''}; stop that: python -m pipelines.submit"
            f" --stop {run.run.id}"
        )
    # A run that was due while another went on starts when that has ended.
    free = newest.started.finished if newest else None
    if now <= max(due, free or due) + TOLERANCE:
        return ""
    return (
        f"the run due at {moment(schedule, due)} has not started; {_CONTROLLER} may say why; if"
        " the cluster's schedules are not in this time zone, give --time-zone"
    )


def moment(schedule: Deployed, when: datetime) -> str:
    """Return a time in the zone of a schedule."""
    return f"{when.astimezone(schedule.trigger.zone):%Y-%m-%d %H:%M %Z}"
