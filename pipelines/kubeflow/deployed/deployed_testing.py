"""Help the tests of schedules: a server that has one, and runs that it started."""

from datetime import datetime
from typing import Any

from pipelines.console.command import ClusterFlags
from pipelines.kubeflow.deployed.watch import Watched
from pipelines.kubeflow.kfp_answers_testing import Json, Scenario, recurring_run
from pipelines.kubeflow.kfp_server_testing import KfpServer, look, served

# A Monday.
NOW = datetime.fromisoformat("2026-11-30T03:40:00+00:00")
VERSION = "f8a7d433-1f2b-4d7e-b705-bf89efa208af"


def watched(server: KfpServer, name: str = "", zone: str = "UTC", **settings: Any) -> Watched:
    """Return what to look at: the server, some minutes after three on a Monday."""
    now = settings.pop("now", NOW)
    return Watched(ClusterFlags(server.address, None, ""), name, zone, None, now, **settings)


def scheduled(server: KfpServer | None = None, cron: str = "0 0 3 * * *", **fields: Any) -> Json:
    """Add a schedule, by default a daily one from the week before, to a server; return it."""
    run = recurring_run() | {"created_at": "2026-11-23T12:00:00Z"} | fields
    run["trigger"] = fields.get("trigger", {"cron_schedule": {"cron": cron}})
    if server:
        server.recurring_runs[run["recurring_run_id"]] = run
        version = {"pipeline_version_id": VERSION, "pipeline_id": "p", "name": "1.0.1"}
        server.versions[VERSION] = version
    return run


def started(server: KfpServer, at: str, state: str, finished: str = "", **fields: Any) -> Json:
    """Add a run of the schedule, which KFP started at a time, to a server; return it."""
    identity = f"00000000-0000-4000-8000-{len(server.runs):012}"
    run = {
        "run_id": identity,
        "display_name": f"training-{len(server.runs)}",
        "recurring_run_id": next(iter(server.recurring_runs), "gone"),
        "created_at": at,
        **look(state),
        "finished_at": finished or "1970-01-01T00:00:00Z",
        "looks": 0,
        **fields,
    }
    server.runs[identity] = run
    return run


def failed(recorded: Scenario, document: Json, at: str = "2026-11-30T03:00:04Z") -> KfpServer:
    """Return a server whose schedule started a recorded run, which ended."""
    server = served(recorded, document)
    schedule = scheduled(server)
    server.looks = [recorded.looks[-1]]
    server.runs[recorded.id] |= recorded.looks[-1] | {
        "recurring_run_id": schedule["recurring_run_id"],
        "created_at": at,
    }
    return server
