import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from pipelines.compiled.values import Value
from pipelines.kubeflow.api.answers import UnavailableError
from pipelines.kubeflow.kfp_server_testing import Json, KfpServer, Request, serving
from pipelines.kubeflow.rollout_testing import FAULTS, api
from pipelines.kubeflow.runs import find_experiment
from pipelines.kubeflow.schedules import Schedule, find, keep, own, recurring_runs
from pipelines.system.errors import PinionError

PARAMETERS: Mapping[str, Value] = {
    "seed": 7,
    "test_fraction": 0.25,
    "register": True,
    "thresholds": {"f1": 0.9},
}
SCHEDULE = Schedule(
    "training", "0 30 3 * * *", PARAMETERS, "nightly", "", pipeline_id="p1", version_id="v1"
)


@pytest.fixture()
def server() -> Iterator[KfpServer]:
    there = {name: {"pipeline_version_id": name} for name in ("v1", "v2")}
    with serving(KfpServer(versions=there)) as started:
        yield started


def changes(server: KfpServer) -> list[str]:
    """Return the methods of the requests that change something, in order."""
    return [each.method for each in server.requests if each.method != "GET"]


def only(server: KfpServer) -> Json:
    (run,) = server.recurring_runs.values()
    return run


def test_a_recurring_run_is_created_as_requested(server: KfpServer) -> None:
    made = keep(api(server), SCHEDULE)
    (posted,) = server.asked("POST", "/recurringruns")
    assert posted.body == {
        "display_name": "training",
        "description": "Kept by python -m pipelines.deploy",
        "experiment_id": next(iter(server.experiments)),
        "pipeline_version_reference": {"pipeline_id": "p1", "pipeline_version_id": "v1"},
        "runtime_config": {"parameters": PARAMETERS},
        "trigger": {"cron_schedule": {"cron": "0 30 3 * * *"}},
        "mode": "ENABLE",
        "max_concurrency": "1",
        "no_catchup": True,
    }
    assert (made.id, made.when, made.version_id) == (*server.recurring_runs, "30 3 * * *", "v1")
    assert not made.paused


def test_a_recurring_run_has_the_requested_account_and_namespace() -> None:
    versions = {"v1": {"pipeline_version_id": "v1"}}
    schedule = replace(SCHEDULE, namespace="team-a", service_account="trainer")
    with serving(KfpServer(versions=versions, multi_user=True)) as server:
        keep(api(server), schedule)
        keep(api(server), schedule)
        run = only(server)
        (experiment,) = server.experiments.values()
        assert own(api(server), "p1", "training", "team-b") == []
    assert (run["namespace"], run["service_account"]) == ("team-a", "trainer")
    assert run["description"].endswith(", service account trainer")
    assert experiment["namespace"] == "team-a"


@pytest.mark.parametrize(
    "schedule",
    [
        pytest.param(SCHEDULE, id="plain"),
        pytest.param(replace(SCHEDULE, service_account="trainer"), id="account"),
        pytest.param(replace(SCHEDULE, cron="@every 6h"), id="word"),
        pytest.param(replace(SCHEDULE, parameters={}), id="no parameters"),
    ],
)
def test_an_unchanged_schedule_is_kept(server: KfpServer, schedule: Schedule) -> None:
    made = keep(api(server), schedule)
    assert keep(api(server), schedule).id == made.id
    assert changes(server) == ["POST", "POST"]


def test_digits_that_kfp_does_not_store_are_not_a_change(server: KfpServer) -> None:
    schedule = replace(SCHEDULE, parameters={"seed": 2**53 + 1})
    made = keep(api(server), schedule)
    assert keep(api(server), schedule).id == made.id
    only(server)["runtime_config"]["parameters"]["seed"] = 2.0**53
    assert keep(api(server), schedule).id == made.id


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"cron": "0 0 4 * * *"}, id="time"),
        pytest.param({"parameters": {**PARAMETERS, "seed": 8}}, id="parameter"),
        pytest.param({"parameters": {"seed": 7}}, id="fewer parameters"),
        pytest.param({"version_id": "v2"}, id="version"),
        pytest.param({"experiment": "weekly"}, id="experiment"),
        pytest.param({"service_account": ""}, id="no account"),
        pytest.param({"service_account": "other"}, id="account"),
    ],
)
def test_a_change_is_created_before_the_old_run_is_deleted(
    server: KfpServer, change: dict[str, Any]
) -> None:
    schedule = replace(SCHEDULE, service_account="trainer")
    old = keep(api(server), schedule)
    before = len(changes(server))
    new = keep(api(server), replace(schedule, **change))
    assert [each for each in changes(server)[before:] if each == "DELETE"] == ["DELETE"]
    assert changes(server)[-2:] == ["POST", "DELETE"]
    assert only(server)["recurring_run_id"] == new.id != old.id
    assert server.asked("DELETE", f"/recurringruns/{old.id}")


def test_an_interrupted_change_is_completed_by_the_next_call(server: KfpServer) -> None:
    keep(api(server), SCHEDULE)
    moved = replace(SCHEDULE, version_id="v2")
    server.fault = lambda each: 503 if each.method == "DELETE" else None
    with pytest.raises(UnavailableError):
        keep(api(server, patience=5), moved)
    assert len(server.recurring_runs) == 2
    server.fault = lambda _: None
    posts = len(server.asked("POST", ".*"))
    keep(api(server), moved)
    assert only(server)["pipeline_version_reference"]["pipeline_version_id"] == "v2"
    assert len(server.asked("POST", ".*")) == posts


def duplicate(server: KfpServer, identity: str, **fields: Any) -> None:
    first = next(iter(server.recurring_runs.values()))
    server.recurring_runs[identity] = {**first, "recurring_run_id": identity, **fields}


def test_of_duplicates_every_caller_keeps_the_same(server: KfpServer) -> None:
    keep(api(server), SCHEDULE)
    first = next(iter(server.recurring_runs))
    duplicate(server, "newer", created_at="2026-11-25T00:00:00Z")
    duplicate(server, "oldest", created_at="2026-11-23T00:00:00Z")
    duplicate(server, "paused", created_at="2026-11-22T00:00:00Z", status="DISABLED")
    assert keep(api(server), SCHEDULE).id == "oldest"
    assert set(server.recurring_runs) == {"oldest"} != {first}


def test_schedules_of_others_are_not_touched(server: KfpServer) -> None:
    keep(api(server), SCHEDULE)
    duplicate(server, "named", display_name="mine")
    duplicate(server, "elsewhere", pipeline_version_reference={"pipeline_id": "p2"})
    duplicate(server, "inline", pipeline_version_reference=None, pipeline_spec={"root": {}})
    keep(api(server), replace(SCHEDULE, cron="0 0 4 * * *"))
    assert {"named", "elsewhere", "inline"} < set(server.recurring_runs)
    assert len(server.recurring_runs) == 4
    there = recurring_runs(api(server), "p1", "")
    assert sorted(each.name for each in there) == ["mine", "training"]


def test_a_paused_schedule_stays_paused(server: KfpServer) -> None:
    keep(api(server), SCHEDULE)
    only(server).update(status="DISABLED", mode="DISABLE")
    assert keep(api(server), SCHEDULE).paused
    assert changes(server) == ["POST", "POST"]
    moved = keep(api(server), replace(SCHEDULE, version_id="v2"))
    assert moved.paused
    assert only(server)["mode"] == "DISABLE"


@pytest.mark.parametrize("fault", FAULTS)
def test_one_recurring_run_is_kept_whichever_answers_get_lost(
    server: KfpServer, fault: str
) -> None:
    make = FAULTS[fault]
    server.fault = make()
    keep(api(server), SCHEDULE)
    server.fault = make()
    moved = keep(api(server), replace(SCHEDULE, version_id="v2"))
    server.fault = make()
    assert keep(api(server), replace(SCHEDULE, version_id="v2")).id == moved.id
    run = only(server)
    assert run["recurring_run_id"] == moved.id
    assert run["pipeline_version_reference"]["pipeline_version_id"] == "v2"
    assert run["runtime_config"]["parameters"] == PARAMETERS
    assert len(server.experiments) == 1


def test_concurrent_calls_keep_one_recurring_run(server: KfpServer) -> None:
    threads = [threading.Thread(target=keep, args=(api(server), SCHEDULE)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert only(server)["display_name"] == "training"


def test_a_run_that_kfp_describes_otherwise_is_created_once(server: KfpServer) -> None:
    def rewrite(_: Request) -> None:
        for run in server.recurring_runs.values():
            run["trigger"] = {"cron_schedule": {"cron": "0 30 03 * * *"}}

    server.fault = rewrite
    made = keep(api(server), SCHEDULE)
    assert only(server)["recurring_run_id"] == made.id


def test_a_schedule_that_keeps_changing_is_reported(server: KfpServer) -> None:
    def clear(request: Request) -> None:
        if request.method == "GET":
            server.recurring_runs.clear()

    server.fault = clear
    with pytest.raises(PinionError, match="'training' keeps changing"):
        keep(api(server), SCHEDULE)
    assert len(server.asked("POST", "/recurringruns")) < 10


def test_looking_for_a_schedule_creates_nothing(server: KfpServer) -> None:
    assert find_experiment(api(server), "nightly", "") == ""
    made = keep(api(server), SCHEDULE)
    before = changes(server)
    experiment = find_experiment(api(server), "nightly", "")
    there = own(api(server), "p1", "training", "")
    assert find(there, SCHEDULE, experiment) == made
    assert find(there, replace(SCHEDULE, cron="@daily"), experiment) is None
    assert find(there, SCHEDULE, "another") is None
    assert changes(server) == before
    duplicate(server, "interval", trigger={"periodic_schedule": {"interval_second": "60"}})
    there = own(api(server), "p1", "training", "")
    assert {each.when for each in there} == {"30 3 * * *", "at an interval"}
