import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.compiled.file import PipelineFile
from pipelines.kubeflow.deployed.deployed_testing import (
    NOW,
    VERSION,
    failed,
    scheduled,
    started,
    watched,
)
from pipelines.kubeflow.deployed.report import Report
from pipelines.kubeflow.deployed.watch import look
from pipelines.kubeflow.kfp_answers_testing import scenario
from pipelines.kubeflow.kfp_server_testing import KfpServer, serving
from pipelines.kubeflow.kfp_server_testing import look as look_at
from pipelines.system.errors import PinionError, UsageError
from pipelines.system.workspace import ROOT

# The runs were recorded when the pipeline had five steps.
THEN = PipelineFile.load(ROOT / "tests" / "golden" / "released_before" / "pipeline.yaml").document()
REFUSED = {
    "training-fsfjx-614836845": "register: error: the model m-1 did not pass its evaluation:"
    " accuracy is 0.956, must be >= 0.97\n"
}


@pytest.fixture()
def server() -> Iterator[KfpServer]:
    with serving(KfpServer()) as started_server:
        yield started_server


def seen(server: KfpServer, **settings: Any) -> Report:
    return look(watched(server, **settings))


def only(server: KfpServer, **settings: Any) -> tuple[str, str]:
    """Return the state and the reason of the only schedule."""
    (standing,) = seen(server, **settings).standings
    return standing.state, standing.reason


def states(server: KfpServer) -> list[str]:
    """Return the states of the runs of the only schedule, the newest first."""
    (standing,) = seen(server).standings
    return [each.state for each in standing.runs]


def test_a_schedule_is_shown_with_its_last_runs(server: KfpServer) -> None:
    scheduled(server)
    for day in (27, 28, 29, 30):
        started(server, f"2026-11-{day}T03:00:04Z", "SUCCEEDED", f"2026-11-{day}T03:02:00Z")
    report = seen(server)
    page = f"{server.address}/#/runs/details/00000000-0000-4000-8000-00000000000"
    assert list(report.lines()) == [
        ("schedule", "training: 0 3 * * * → 1.0.1, succeeded"),
        ("run", "2026-11-30 03:00 UTC succeeded"),
        ("page", f"{page}3"),
        ("run", "2026-11-29 03:00 UTC succeeded"),
        ("page", f"{page}2"),
        ("run", "2026-11-28 03:00 UTC succeeded"),
        ("page", f"{page}1"),
        ("next", "2026-12-01 03:00 UTC"),
    ]
    assert report.bad == []


def test_the_runs_of_a_schedule_are_asked_for_alone(server: KfpServer) -> None:
    run = scheduled(server)
    started(server, "2026-11-30T03:00:04Z", "SUCCEEDED")
    started(server, "2026-11-30T03:10:00Z", "FAILED", recurring_run_id="")
    assert states(server) == ["succeeded"]
    asked = [each.query for each in server.asked("GET", "/runs")][-1]
    (predicate,) = json.loads(asked["filter"])["predicates"]
    assert predicate["key"] == "recurring_run_id"
    assert predicate["stringValue"] == run["recurring_run_id"]
    assert (asked["sort_by"], asked["page_size"]) == ("created_at desc", "3")


@pytest.mark.parametrize(
    ("name", "logs", "state", "reason"),
    [
        pytest.param(
            "step-failed",
            scenario("step-failed").logs,
            "failed",
            "step 'preprocess' failed: --target: 'nothere' is not a column;",
            id="step",
        ),
        pytest.param(
            "out-of-memory",
            {},
            "failed",
            "step 'train' failed: killed, because it needs more memory than its node has free;",
            id="memory",
        ),
        pytest.param(
            "gate-refused-in-register",
            REFUSED,
            "refused",
            "step 'register' failed: the model m-1 did not pass its evaluation: accuracy is 0.956,",
            id="gate",
        ),
        pytest.param("terminated", {}, "stopped", "", id="stopped"),
        pytest.param("cached", {}, "succeeded", "", id="cached"),
    ],
)
def test_a_run_is_told_in_the_words_of_submit(
    name: str, logs: dict[str, str], state: str, reason: str
) -> None:
    with serving(failed(replace(scenario(name), logs=logs), THEN)) as server:
        report = seen(server)
    (standing,) = report.standings
    assert standing.state == standing.runs[0].state == state
    assert standing.reason.startswith(reason)
    assert bool(standing.reason) == bool(reason)
    assert standing.bad == (state in ("failed", "refused"))
    lines = [text for label, text in report.lines() if label == "run"]
    assert lines == [f"2026-11-30 03:00 UTC {state}" + f": {standing.reason}" * bool(reason)]


def test_a_reason_is_told_after_the_version_was_deleted() -> None:
    recorded = scenario("step-failed")
    server = failed(recorded, THEN, at="2026-11-29T03:00:04Z")
    run = server.runs[recorded.id]
    del run["pipeline_spec"]
    run["pipeline_version_reference"] = {"pipeline_id": "p", "pipeline_version_id": "gone"}
    server.versions.clear()
    server.manifest = json.dumps(THEN)
    with serving(server):
        (standing,) = seen(server).standings
    assert standing.state == "unusable"
    assert standing.reason.startswith("its version was deleted, so no run can start;")
    assert standing.runs[0].reason.startswith("step 'preprocess' failed: --target:")
    assert standing.schedule.version == VERSION


def test_a_failure_stays_until_another_run_has_ended(server: KfpServer) -> None:
    scheduled(server, "0 */30 * * * *")
    started(server, "2026-11-30T03:00:04Z", "FAILED", "2026-11-30T03:02:00Z")
    started(server, "2026-11-30T03:30:04Z", "RUNNING")
    report = seen(server, now=NOW + timedelta(minutes=21))
    assert report.standings[0].state == "failed"
    assert list(report.lines())[-1] == (
        "next",
        "2026-11-30 04:00 UTC, as soon as the run before it has ended",
    )
    server.runs["00000000-0000-4000-8000-000000000001"]["state"] = "SUCCEEDED"
    assert only(server)[0] == "succeeded"


@pytest.mark.parametrize(
    ("minutes", "state"),
    [
        pytest.param(0, "succeeded", id="before it is due"),
        pytest.param(24 * 60 - 40 + 10, "succeeded", id="as late as is tolerated"),
        pytest.param(24 * 60 - 40 + 11, "overdue", id="later"),
    ],
)
def test_a_schedule_whose_run_did_not_start_is_overdue(
    server: KfpServer, minutes: int, state: str
) -> None:
    scheduled(server)
    started(server, "2026-11-30T03:00:04Z", "SUCCEEDED", "2026-11-30T03:02:00Z")
    found, reason = only(server, now=NOW + timedelta(minutes=minutes))
    assert found == state
    if state == "overdue":
        assert reason.startswith("the run due at 2026-12-01 03:00 UTC has not started; kubectl")
        assert reason.endswith("give --time-zone")


def test_the_times_are_those_of_the_zone(server: KfpServer) -> None:
    scheduled(server)
    started(server, "2026-11-29T18:00:04Z", "SUCCEEDED", "2026-11-29T18:02:00Z")
    assert only(server)[0] == "overdue"
    report = seen(server, zone="Asia/Tokyo")
    assert report.standings[0].state == "succeeded"
    assert [text for label, text in report.lines() if label in ("run", "next")] == [
        "2026-11-30 03:00 JST succeeded",
        "2026-12-01 03:00 JST",
    ]
    with pytest.raises(UsageError, match="--time-zone 'Mars/Olympus' is not a time zone"):
        seen(server, zone="Mars/Olympus")
    with pytest.raises(UsageError, match="--time-zone 'Europe' is not a time zone"):
        seen(server, zone="Europe")


def test_an_interval_says_when_a_run_is_due(server: KfpServer) -> None:
    scheduled(server, trigger={"periodic_schedule": {"interval_second": "1800"}})
    started(server, "2026-11-30T03:00:04Z", "SUCCEEDED", "2026-11-30T03:02:00Z")
    assert only(server)[0] == "succeeded"
    late = seen(server, now=NOW + timedelta(minutes=5))
    assert (
        "schedule",
        f"training: each 0:30:00 → 1.0.1, overdue: {late.standings[0].reason}",
    ) in late.lines()


def test_a_new_schedule_waits_for_its_first_run(server: KfpServer) -> None:
    scheduled(server, created_at="2026-11-30T03:30:00Z")
    assert only(server) == ("waiting", "")
    assert only(server, now=NOW + timedelta(days=1))[0] == "overdue"


def test_a_paused_schedule_is_no_error(server: KfpServer) -> None:
    scheduled(server, status="DISABLED", mode="DISABLE")
    started(server, "2026-11-24T03:00:04Z", "FAILED", "2026-11-24T03:02:00Z")
    server.versions.clear()
    server.looks = [look_at("FAILED")]
    report = seen(server)
    assert [text for label, text in report.lines() if label != "page"] == [
        f"training: 0 3 * * * → {VERSION}, paused",
        "2026-11-24 03:00 UTC failed",
    ]
    assert report.bad == []


def test_a_run_that_goes_on_past_the_next_start_is_given_a_day(server: KfpServer) -> None:
    scheduled(server, "0 */30 * * * *")
    started(server, "2026-11-30T02:00:04Z", "SUCCEEDED", "2026-11-30T02:02:00Z")
    started(server, "2026-11-30T02:30:04Z", "RUNNING")
    report = seen(server)
    assert report.standings[0].state == "succeeded"
    assert ("run", "2026-11-30 02:30 UTC running") in report.lines()
    assert list(report.lines())[-1] == (
        "next",
        "2026-11-30 03:00 UTC, as soon as the run before it has ended",
    )
    state, reason = only(server, now=NOW + timedelta(days=1))
    assert state == "overdue"
    assert reason == (
        "the run due at 2026-11-30 03:00 UTC waits for 'training-1', which still goes on; stop"
        " that: python -m pipelines.submit --stop 00000000-0000-4000-8000-000000000001"
    )


def test_a_run_that_was_held_up_starts_when_the_one_before_has_ended(server: KfpServer) -> None:
    scheduled(server, "0 */30 * * * *")
    started(server, "2026-11-30T02:30:04Z", "SUCCEEDED", "2026-11-30T03:35:00Z")
    assert only(server) == ("succeeded", "")
    assert only(server, now=NOW + timedelta(minutes=6))[0] == "overdue"


def test_a_run_whose_pod_cannot_start_is_overdue_with_the_reason(server: KfpServer) -> None:
    scheduled(server, "0 */15 * * * *")
    started(server, "2026-11-30T03:00:04Z", "RUNNING", pipeline_spec=THEN)
    path = ROOT / "tests" / "kfp_answers" / "unschedulable.workflow.json"
    server.workflow = json.loads(path.read_text())
    server.looks = [{"state": "RUNNING"}]
    pending = next(
        each for each in server.workflow["status"]["nodes"].values() if each["phase"] == "Pending"
    )
    pending["startedAt"] = "2026-11-30T03:31:00Z"
    assert only(server) == ("running", "")
    pending["startedAt"] = "2026-11-30T03:29:00Z"
    report = seen(server)
    (standing,), (run_id,) = report.standings, server.runs
    assert standing.state == "overdue"
    assert "which still goes on: step 'pull-data' does not start: no node can take it: " in (
        standing.reason
    )
    assert standing.reason.endswith(f"; stop that: python -m pipelines.submit --stop {run_id}")
    assert report.link_of(standing) == f"{server.address}/#/runs/details/{run_id}"
    assert [label for label, _ in report.lines()] == ["schedule", "run", "page"]


def test_a_run_is_lost_if_its_schedule_started_another(server: KfpServer) -> None:
    scheduled(server)
    started(server, "2026-11-29T03:00:04Z", "RUNNING")
    started(server, "2026-11-30T03:00:04Z", "SUCCEEDED", "2026-11-30T03:02:00Z")
    assert states(server) == ["succeeded", "lost"]
    lines = list(seen(server).lines())
    assert lines[3] == (
        "run",
        "2026-11-29 03:00 UTC lost: its schedule has started another run, which waits for this one:"
        " its workflow is gone, so KFP will show it as running for ever; delete the run in KFP",
    )
    # Where runs may overlap, both may go on.
    next(iter(server.recurring_runs.values()))["max_concurrency"] = "2"
    assert states(server) == ["succeeded", "running"]


def test_a_run_whose_end_is_not_reported_yet_is_not_lost(server: KfpServer) -> None:
    scheduled(server, "0 */15 * * * *")
    started(server, "2026-11-30T03:15:04Z", "RUNNING")
    started(server, "2026-11-30T03:38:00Z", "RUNNING")
    assert states(server) == ["running", "running"]


def test_runs_of_a_schedule_that_was_replaced_are_lost(server: KfpServer) -> None:
    scheduled(server)
    started(server, "2026-11-30T03:00:04Z", "SUCCEEDED", "2026-11-30T03:02:00Z")
    started(server, "2026-11-28T03:00:04Z", "RUNNING", recurring_run_id="replaced")
    started(server, "2026-11-28T04:00:00Z", "RUNNING", recurring_run_id="")
    report = seen(server)
    assert list(report.lines())[-2:] == [
        (
            "run",
            "'training-1' lost: its schedule was removed or replaced while it ran: its workflow is"
            " gone, so KFP will show it as running for ever; delete the run in KFP",
        ),
        ("page", f"{server.address}/#/runs/details/00000000-0000-4000-8000-000000000001"),
    ]
    assert report.bad == []


def test_schedules_can_be_chosen_by_name(server: KfpServer) -> None:
    scheduled(server)
    scheduled(server, recurring_run_id="other", display_name="churn", max_concurrency="1")
    scheduled(server, recurring_run_id="third", display_name="prices")
    assert [each.schedule.name for each in seen(server).standings] == [
        "churn",
        "prices",
        "training",
    ]
    assert [each.schedule.name for each in seen(server, name="churn").standings] == ["churn"]
    with pytest.raises(PinionError, match="has no schedule 'cats'; it was removed, or has"):
        seen(server, name="cats")


def test_a_cluster_without_schedules_has_none(server: KfpServer) -> None:
    report = seen(server)
    assert list(report.lines()) == [("schedule", "none")]
    assert report.bad == []


def test_a_schedule_in_another_form_has_no_time(server: KfpServer) -> None:
    scheduled(server, "@every 1.5h", pipeline_version_reference=None)
    started(server, "2026-11-24T03:00:04Z", "SUCCEEDED", "2026-11-24T03:02:00Z")
    report = seen(server)
    assert [text for label, text in report.lines() if label != "page"] == [
        "training: @every 1.5h → succeeded",
        "2026-11-24 03:00 UTC succeeded",
        "not known: '@every 1.5h' is not in a form that is understood",
    ]


def test_programs_get_the_same(server: KfpServer, tmp_path: Path) -> None:
    scheduled(server)
    started(server, "2026-11-29T03:00:04Z", "SUCCEEDED", "2026-11-29T03:02:00Z")
    document = seen(server, now=NOW + timedelta(minutes=20)).document()
    (schedule,) = document["schedules"]
    (run,) = schedule.pop("runs")
    assert (document["ok"], document["checked"]) == (False, "2026-11-30T04:00:00Z")
    assert document["lost"] == []
    assert schedule.pop("reason").startswith("the run due at 2026-11-30 03:00 UTC has not started")
    identity = next(iter(server.recurring_runs))
    assert schedule == {
        "id": identity,
        "name": "training",
        "when": "0 3 * * *",
        "version": "1.0.1",
        "state": "overdue",
        "bad": True,
        "due": "2026-11-30T03:00:00Z",
        "page": f"{server.address}/#/recurringrun/details/{identity}",
    }
    assert run == {
        "id": "00000000-0000-4000-8000-000000000000",
        "name": "training-0",
        "state": "succeeded",
        "reason": "",
        "started": "2026-11-29T03:00:04Z",
        "ended": "2026-11-29T03:02:00Z",
        "page": f"{server.address}/#/runs/details/00000000-0000-4000-8000-000000000000",
    }


def test_links_lead_to_the_dashboard_that_people_see(server: KfpServer) -> None:
    scheduled(server)
    started(server, "2026-11-30T03:00:04Z", "SUCCEEDED")
    seen_here = replace(watched(server), dashboard="https://kfp.example.com/pipeline/#/")
    pages = [text for label, text in look(seen_here).lines() if label == "page"]
    assert pages == [
        "https://kfp.example.com/pipeline/#/runs/details/00000000-0000-4000-8000-000000000000"
    ]
