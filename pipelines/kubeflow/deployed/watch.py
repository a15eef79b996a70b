"""Look at the schedules of a cluster once, and post a message for each new cause."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.console.command import ClusterFlags
from pipelines.kubeflow.api.endpoint import Endpoint, find_endpoint
from pipelines.kubeflow.deployed import reading
from pipelines.kubeflow.deployed.judging import Standing, judge
from pipelines.kubeflow.deployed.posted import Posted, cause_of
from pipelines.kubeflow.deployed.report import Report
from pipelines.kubeflow.deployed.telling import lost
from pipelines.kubeflow.deployed.webhook import post
from pipelines.kubeflow.session import connect
from pipelines.system.errors import PinionError, UsageError


@dataclass(frozen=True)
class Watched:
    """What to look at: all schedules of a cluster, or those with a name, in a time zone.

    `dashboard` is the address that links begin with; None for that of the cluster. `now` is when to
    look.
    """

    cluster: ClusterFlags
    name: str
    zone: str
    dashboard: str | None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


def look(watched: Watched, messages: "Messages | None" = None) -> Report:
    """Return how the schedules stand; raise `PinionError` if there is none with the name.

    A failure to see them is posted, too.
    """
    zone = _zone(watched.zone)
    try:
        return _look(watched, zone)
    except UsageError:
        raise
    except PinionError as error:
        try:
            if messages:
                messages.failure(error)
        except PinionError as unposted:
            raise PinionError(f"{error}; {unposted}") from unposted
        raise


def _look(watched: Watched, zone: tzinfo) -> Report:
    api, namespace = connect(watched.cluster)
    # Read first: a run that had a schedule then, and has none afterwards, has lost it.
    running = reading.running(api, namespace)
    schedules = reading.deployed(api, namespace, zone)
    chosen = [each for each in schedules if watched.name in ("", each.name)]
    if watched.name and not chosen:
        raise PinionError(
            f"{api.endpoint.address} has no schedule {watched.name!r}; it was removed, or has"
            " another name: leave the name out to see them all"
        )
    known = {each.id for each in schedules}
    return Report(
        [
            judge(api, namespace, each, reading.last_runs(api, namespace, each.id), watched.now)
            for each in chosen
        ],
        [
            lost(each, "its schedule was removed or replaced while it ran")
            for each in running
            if each.schedule_id not in known
        ],
        watched.now,
        _pages(api.endpoint, watched.dashboard),
    )


class Messages:
    """Messages to a webhook about one cluster, each posted once for each cause."""

    def __init__(self, address: str, path: Path, watched: Watched) -> None:
        cluster = find_endpoint(watched.cluster.endpoint).address
        names = (cluster, watched.cluster.namespace, watched.name)
        self._posted = Posted(path, " ".join(filter(None, names)))
        self._address = address

    def about(self, report: Report) -> None:
        """Post the new causes of a report; raise `PinionError` if the webhook fails."""
        self._posted.keep({each.schedule.id for each in report.bad})
        for standing in report.bad:
            cause = cause_of(standing.state, standing.reason)
            text = f"{_text(standing)} {report.link_of(standing)}"
            self._post(standing.schedule.id, cause, text, report.fields(standing))

    def failure(self, error: PinionError) -> None:
        """Post that the schedules could not be looked at."""
        fields = {"state": "unknown", "reason": str(error)}
        self._post("", cause_of("unknown", str(error)), f"schedules unknown: {error}", fields)

    def _post(self, schedule: str, cause: str, text: str, fields: Mapping[str, Any]) -> None:
        if not self._posted.knows(schedule, cause):
            post(self._address, text, fields)
            self._posted.add(schedule, cause)


def _text(standing: Standing) -> str:
    schedule = standing.schedule
    version = f" {schedule.version}" if schedule.version else ""
    return f"schedule {schedule.name}{version} {standing.state}: {standing.reason}"


def _pages(endpoint: Endpoint, dashboard: str | None) -> Callable[[str], str]:
    """Return the function for addresses of pages; in a cluster, people see them elsewhere."""
    if dashboard:
        endpoint = replace(endpoint, dashboard=dashboard.partition("#")[0].rstrip("/"))
    return endpoint.page


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    # The name is a path below the folder of the time zones.
    except (LookupError, ValueError, OSError):
        raise UsageError(
            f"--time-zone {name!r} is not a time zone; give one such as Europe/Berlin"
        ) from None
