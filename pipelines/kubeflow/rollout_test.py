import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.compiled.file import PipelineFile
from pipelines.kubeflow.kfp_server_testing import KfpServer, serving
from pipelines.kubeflow.rollout import Deploying
from pipelines.kubeflow.rollout_testing import FAULTS, api, release
from pipelines.kubeflow.schedules import Schedule
from pipelines.system.errors import PinionError

TAG = "1.2.3"
NIGHTLY = Schedule("three", "0 30 3 * * *", {"value": "y"}, "nightly", "")


@pytest.fixture()
def file(tmp_path: Path) -> PipelineFile:
    return release(tmp_path)


@pytest.fixture()
def large(tmp_path: Path) -> PipelineFile:
    return release(tmp_path, "defaults: {memory: 3Gi}\n")


@pytest.fixture()
def server() -> Iterator[KfpServer]:
    with serving(KfpServer()) as started:
        yield started


def deployed(
    server: KfpServer,
    file: PipelineFile,
    schedule: Schedule | None = NIGHTLY,
    tag: str = TAG,
    dry_run: bool = False,
) -> list[str]:
    return list(Deploying(api(server), "", tag, dry_run).deploy(file, schedule))


def removed(server: KfpServer, tag: str = TAG, dry_run: bool = False) -> list[str]:
    return list(Deploying(api(server), "", tag, dry_run).remove("three"))


def changes(server: KfpServer) -> list[str]:
    return [each.method for each in server.requests if each.method != "GET"]


def ids(server: KfpServer) -> tuple[str, ...]:
    """Return the ids of the only pipeline, version and recurring run."""
    (pipeline,), (version,), (run,) = server.pipelines, server.versions, server.recurring_runs
    return pipeline, version, run


def test_a_deployment_reports_what_it_created_and_what_existed(
    server: KfpServer, file: PipelineFile
) -> None:
    first = deployed(server, file)
    pipeline, version, run = ids(server)
    page = f"dashboard  {server.address}/#/pipelines/details/{pipeline}/version/{version}"
    assert first == [
        f"pipeline   three ({pipeline}) created",
        f"version    1.2.3 ({version}) uploaded",
        f"schedule   30 3 * * * → 1.2.3 ({run}) created",
        page,
    ]
    before = changes(server)
    assert deployed(server, file) == [
        f"pipeline   three ({pipeline}) exists",
        f"version    1.2.3 ({version}) exists",
        f"schedule   30 3 * * * → 1.2.3 ({run}) exists",
        page,
    ]
    assert changes(server) == before


def test_a_dry_run_only_reads(server: KfpServer, file: PipelineFile) -> None:
    assert deployed(server, file, dry_run=True) == [
        "pipeline   three would be created",
        "version    1.2.3 would be uploaded",
        "schedule   30 3 * * * → 1.2.3 would be created",
    ]
    assert changes(server) == []
    made = deployed(server, file)
    pipeline, version, run = ids(server)
    before = changes(server)
    assert deployed(server, file, dry_run=True) == [each.replace("created", "exists").replace(
        "uploaded", "exists") for each in made]  # fmt: skip
    assert deployed(server, file, tag="1.3.0", dry_run=True) == [
        f"pipeline   three ({pipeline}) exists",
        "version    1.3.0 would be uploaded",
        "schedule   30 3 * * * → 1.3.0 would be created",
        f"schedule   30 3 * * * → 1.2.3 ({run}) would be removed",
    ]
    assert removed(server, dry_run=True) == [
        f"schedule   30 3 * * * → 1.2.3 ({run}) would be removed",
        f"version    1.2.3 ({version}) would be removed",
    ]
    assert changes(server) == before


def test_the_next_release_moves_the_schedule_only_on_request(
    server: KfpServer, file: PipelineFile
) -> None:
    deployed(server, file)
    pipeline, old, run = ids(server)
    lines = deployed(server, file, None, "1.3.0")
    (new,) = set(server.versions) - {old}
    assert lines[1:3] == [
        f"version    1.3.0 ({new}) uploaded",
        f"schedule   30 3 * * * → 1.2.3 ({run}) exists; give --schedule '30 3 * * *' and its"
        " parameters to move it to 1.3.0",
    ]
    assert set(server.recurring_runs) == {run}
    lines = deployed(server, file, NIGHTLY, "1.3.0")
    (moved,) = server.recurring_runs
    assert lines[2:4] == [
        f"schedule   30 3 * * * → 1.3.0 ({moved}) created",
        f"schedule   30 3 * * * → 1.2.3 ({run}) removed",
    ]
    assert deployed(server, file, None, "1.3.0")[2] == (
        f"schedule   30 3 * * * → 1.3.0 ({moved}) exists"
    )


def test_a_paused_schedule_is_reported_as_paused(server: KfpServer, file: PipelineFile) -> None:
    deployed(server, file)
    (run,) = server.recurring_runs.values()
    run["status"] = "DISABLED"
    assert deployed(server, file)[2].endswith(") exists, paused")
    assert deployed(server, file, None)[2].endswith(") exists, paused")


def test_other_cluster_settings_are_reported(
    server: KfpServer, file: PipelineFile, large: PipelineFile
) -> None:
    deployed(server, file, None)
    for done in ("uploaded", "exists"):
        line = deployed(server, large, None)[1]
        assert line.startswith("version    1.2.3-")
        assert line.endswith(f") {done}; 1.2.3 has other cluster settings and is kept")
    assert len(server.versions) == 2
    # Both belong to the release.
    assert [each.split()[0] for each in removed(server)] == ["version", "version"]
    assert not server.versions


@pytest.mark.parametrize("fault", FAULTS)
def test_everything_is_created_once_whichever_answers_get_lost(
    server: KfpServer, file: PipelineFile, fault: str
) -> None:
    make = FAULTS[fault]
    for _ in range(2):
        server.fault = make()
        lines = deployed(server, file)
    pipeline, version, run = ids(server)
    assert lines[:3] == [
        f"pipeline   three ({pipeline}) exists",
        f"version    1.2.3 ({version}) exists",
        f"schedule   30 3 * * * → 1.2.3 ({run}) exists",
    ]
    server.fault = make()
    removed(server)
    assert not server.recurring_runs
    assert not server.versions
    assert set(server.pipelines) == {pipeline}


def test_remove_deletes_the_versions_of_a_release_and_their_schedule(
    server: KfpServer, file: PipelineFile
) -> None:
    assert removed(server) == ["version    1.2.3 does not exist"]
    deployed(server, file, None, "1.3.0")
    deployed(server, file)
    lines = removed(server)
    assert [each.split()[0] for each in lines] == ["schedule", "version"]
    assert [each["name"] for each in server.versions.values()] == ["1.3.0"]
    assert changes(server)[-2:] == ["DELETE", "DELETE"]
    assert "/recurringruns/" in server.requests[-2].path
    assert removed(server) == ["version    1.2.3 does not exist"]
    # The schedule of another release is kept.
    deployed(server, file)
    assert removed(server, "1.3.0")[-1].startswith("version    1.3.0 (")
    assert len(server.recurring_runs) == 1


def run_of_the_schedule(server: KfpServer, state: str) -> None:
    """Let the schedule have a run that ended, another's run, and one in a state."""
    (schedule,) = server.recurring_runs
    states = {"r1": (schedule, "SUCCEEDED"), "r2": ("other", "RUNNING"), "r3": (schedule, state)}
    for run, (recurring, now) in states.items():
        server.runs[run] = {
            "run_id": run, "display_name": f"three-{run}", "recurring_run_id": recurring,
            "state": now,
        }  # fmt: skip


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "CANCELING"])
def test_a_schedule_is_kept_while_a_run_of_it_is_going_on(
    server: KfpServer, file: PipelineFile, state: str
) -> None:
    deployed(server, file)
    before = ids(server)
    run_of_the_schedule(server, state)
    refusal = re.escape(
        "the schedule 30 3 * * * has a run going on, 'three-r3', which would be lost if the"
        " schedule was deleted now; wait for its end with python -m pipelines.submit --follow r3,"
        " or end it with --stop r3, and repeat this call"
    )
    weekly = replace(NIGHTLY, cron="0 30 3 * * 1")
    for dry_run in (True, False):
        with pytest.raises(PinionError, match=f"^{refusal}$") as refused:
            deployed(server, file, weekly, dry_run=dry_run)
        assert refused.value.exit_code == 1
        with pytest.raises(PinionError, match=f"^{refusal}$"):
            removed(server, dry_run=dry_run)
    # What does not touch the schedule goes on.
    assert deployed(server, file)[2].endswith(") exists")
    deployed(server, file, None, "1.3.0")
    assert ids(replace(server, versions={before[1]: {}})) == before

    server.runs["r3"]["state"] = "FAILED"
    assert [each.split()[-1] for each in deployed(server, file, weekly)[2:4]] == [
        "created",
        "removed",
    ]
    assert removed(server)[0].endswith(") removed")


def test_remove_refuses_while_someone_else_runs_the_version(
    server: KfpServer, file: PipelineFile
) -> None:
    deployed(server, file)
    (run,) = server.recurring_runs.values()
    other = {**run, "display_name": "mine", "recurring_run_id": "r2"}
    server.recurring_runs["r2"] = other
    with pytest.raises(
        PinionError, match=r"'mine' \(r2\) runs 1\.2\.3, and pipelines\.deploy did not"
    ):
        removed(server)
    assert "DELETE" not in changes(server)
