"""Read the schedules of a cluster and the runs that they started."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import islice
from typing import Any

from pipelines.kubeflow.api.answers import RefusedError
from pipelines.kubeflow.api.client import Api, named
from pipelines.kubeflow.deployed.trigger import Trigger
from pipelines.kubeflow.following.tasks import Run
from pipelines.kubeflow.schedules import Recurring
from pipelines.system.task_state import State

# How many runs of each schedule are looked at, and of all that run.
_LAST, _RUNNING = 3, 200
_LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Started:
    """A run that a schedule started; `finished` is None while it goes on."""

    run: Run
    schedule_id: str
    created: datetime
    finished: datetime | None

    @classmethod
    def of(cls, run: Any) -> "Started":
        """Convert the API's object; raise `PinionError` if it has no id."""
        found = Run.of(run)
        finished = run.finished_at if found.ended else None
        return cls(found, str(run.recurring_run_id or ""), run.created_at or _LONG_AGO, finished)


@dataclass(frozen=True)
class Deployed:
    """A schedule and the version that it runs, of which only the id is known if that is `gone`.

    `alone` means that it starts no run while one goes on.
    """

    recurring: Recurring
    trigger: Trigger
    created: datetime
    alone: bool
    version: str
    gone: bool

    @property
    def id(self) -> str:
        """The id of the recurring run."""
        return self.recurring.id

    @property
    def name(self) -> str:
        """The name of the recurring run: that of its pipeline, if Pinion made it."""
        return self.recurring.name

    @property
    def when(self) -> str:
        """When it starts runs, as the user wrote it."""
        interval = "" if self.recurring.cron else self.trigger.interval
        return f"each {interval}" if interval else self.recurring.when


def running(api: Api, namespace: str) -> list[Started]:
    """Return the runs of schedules that KFP shows as running."""
    filtered = named(State.RUNNING.name, "state")
    found = islice(_runs(api, namespace, filtered, 100), _RUNNING)
    return [each for each in found if each.schedule_id]


def last_runs(api: Api, namespace: str, schedule_id: str) -> list[Started]:
    """Return the last runs of a schedule, the newest first."""
    # Each has all of its tasks with it, so the page is small.
    return list(islice(_runs(api, namespace, named(schedule_id, "recurring_run_id"), _LAST), _LAST))


def deployed(api: Api, namespace: str, zone: tzinfo) -> list[Deployed]:
    """Return all schedules by name; their times are in a zone."""
    call = api.recurring_runs.recurring_run_service_list_recurring_runs
    found = api.pages(call, "recurring_runs", namespace=namespace or None)
    schedules = [_deployed(api, each, zone) for each in found]
    return sorted(schedules, key=lambda each: (each.name, each.created, each.id))


def _runs(api: Api, namespace: str, filtered: str, size: int) -> Any:
    call = api.runs.run_service_list_runs
    pages = api.pages(
        call,
        "runs",
        page_size=size,
        sort_by="created_at desc",
        filter=filtered,
        namespace=namespace or None,
    )
    return map(Started.of, pages)


def _deployed(api: Api, run: Any, zone: tzinfo) -> Deployed:
    version, gone = _version(api, run.pipeline_version_reference)
    return Deployed(
        Recurring.of(run),
        Trigger.of(run.trigger, zone),
        run.created_at or _LONG_AGO,
        str(run.max_concurrency or "1") == "1",
        version,
        gone,
    )


def _version(api: Api, reference: Any) -> tuple[str, bool]:
    """Return the name of a version, and whether it was deleted."""
    if not reference or not reference.pipeline_version_id:
        return "", False
    pipeline, version = str(reference.pipeline_id), str(reference.pipeline_version_id)
    call = api.pipelines.pipeline_service_get_pipeline_version
    try:
        found = api.persist(call, pipeline_id=pipeline, pipeline_version_id=version)
    except RefusedError as error:
        # Who may list schedules need not be allowed to read versions.
        return version, error.status == 404
    return str(found.name or found.display_name or version), False
