import io
import itertools
import re
from typing import Any

import pytest
from rich.console import Console

from pipelines.console.progress import Progress
from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.api.endpoint import find_endpoint
from pipelines.kubeflow.api.login import Login
from pipelines.kubeflow.following.tasks import Run, get
from pipelines.kubeflow.following.watch import Watch, wait
from pipelines.kubeflow.kfp_answers_testing import Json, workflow
from pipelines.kubeflow.kfp_server_testing import DROP, LOSE, KfpServer, look, serving, task
from pipelines.system.errors import PinionError

STEPS = ["pull-data", "train", "register"]
RUN = "5f1f4a1e-0000-4000-8000-000000000001"
PULLED = task("pull-data", "RUNNING", "SUCCEEDED", at=1, to=31)
WAITING = look(
    "RUNNING",
    task("pull-data", "RUNNING", at=5),
    task("executor", "RUNNING", at=5),
    task("executor(0)", "PENDING", at=5),
)


def watched(looks: list[Json], **server: Any) -> tuple[Run, list[str]]:
    """Return how a run ended, and the lines shown until then, without the time of day."""
    kfp = KfpServer(looks=looks, runs={RUN: {"run_id": RUN, "looks": 0}}, **server)
    shown = io.StringIO()
    with serving(kfp):
        api = Api(find_endpoint(kfp.address), Login(), pause=lambda _: None)
        progress = Progress(STEPS, Console(file=shown))
        run, _ = wait(api, get(api, RUN), Watch(STEPS, {}, progress), progress)
    return run, [line[9:] for line in shown.getvalue().splitlines()]


def test_steps_are_shown_as_they_start_and_end() -> None:
    run, lines = watched(
        [
            look("PENDING"),
            look("RUNNING", task("root", "RUNNING"), task("pull-data-driver", "SUCCEEDED")),
            look("RUNNING", task("pull-data", "RUNNING", at=1), task("train", "PENDING")),
            look("RUNNING", PULLED),
            look("RUNNING", PULLED, task("train", "RUNNING", at=31)),
            look("SUCCEEDED", PULLED, task("train", "RUNNING", "SUCCEEDED", at=31, to=58)),
        ]
    )
    assert run.state == "SUCCEEDED"
    assert lines == [
        "pull-data: running",
        "pull-data: succeeded in 30.0 s",
        "train: running",
        "train: succeeded in 27.0 s",
        "register: skipped (its condition is false)",
    ]


def test_a_step_of_a_loop_is_shown_each_time() -> None:
    tasks = [task("train", "RUNNING", task_id=f"t{n}", at=n) for n in range(3)]
    _, lines = watched([look("RUNNING", *tasks), look("SUCCEEDED", *tasks)])
    assert lines[:3] == ["train: running", "train.1: running", "train.2: running"]


def test_a_step_whose_graph_is_tried_again_is_one_step() -> None:
    first = task("pull-data", "RUNNING", "FAILED", at=2, to=9, task_id="first")
    again = task("root(1)", "RUNNING", at=9)
    second = task("pull-data", "RUNNING", at=14, task_id="second")
    done = task("pull-data", "RUNNING", "SUCCEEDED", at=14, to=25, task_id="second")
    _, lines = watched(
        [
            look("RUNNING", task("pull-data", "RUNNING", at=2, task_id="first")),
            look("RUNNING", first, again),
            look("RUNNING", first, again, second),
            look("SUCCEEDED", first, done, task("root(1)", "RUNNING", "SUCCEEDED", at=9, to=26)),
        ]
    )
    assert lines[:2] == ["pull-data: running", "pull-data: succeeded in 23.0 s"]
    assert not any("pull-data.1" in line for line in lines)


def test_a_pod_that_was_lost_is_another_attempt_of_its_step() -> None:
    nodes = {
        f"n-{number}": {
            "id": f"n-{number}",
            "name": f"training-1(0).root(0).train(0).executor({number})",
            "type": "Pod",
            "phase": phase,
        }
        for number, phase in enumerate(["Error", "Succeeded"])
    }
    argo = {"metadata": {"name": "training-1"}, "status": {"nodes": nodes}}
    tasks = [
        task("train", "RUNNING", "SUCCEEDED", at=4, to=49),
        task("executor", "RUNNING", "SUCCEEDED", at=4, to=49),
        task("executor(0)", "RUNNING", "FAILED", at=4, to=20),
        task("executor(1)", "PENDING", "SUCCEEDED", at=20, to=49),
    ]
    _, lines = watched([look("SUCCEEDED", *tasks)], workflow=argo)
    assert "train: succeeded (2 attempts) in 45.0 s" in lines


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "unschedulable",
            "no node can take it: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu; check"
            " steps.pull-data.gpu in the platform file",
        ),
        (
            "image-missing",
            "its image localhost:5000/pinion/pull-data:9.9.9 cannot be pulled: not found; publish"
            " it (python -m pipelines.publish), or submit another release",
        ),
    ],
)
def test_a_step_that_does_not_start_says_why_once(name: str, reason: str) -> None:
    stopped = look("RUNNING", "CANCELING", "FAILED", task("pull-data", "FAILED", at=5, to=40))
    run, lines = watched([WAITING] * 5 + [stopped], workflow=workflow(name))
    assert run.word == "stopped"
    assert lines == [
        "pull-data: running",
        f"pull-data: pending ({reason})",
        "pull-data: canceled in 35.0 s",
        "train: skipped (the run was stopped)",
        "register: skipped (the run was stopped)",
    ]


def test_a_driver_that_does_not_start_holds_up_the_next_step() -> None:
    node = {"id": "n-1", "name": "training-1.root-driver", "type": "Pod", "phase": "Pending"}
    node |= {"message": 'ImagePullBackOff: Back-off pulling image "kfp-driver:2.17.0"'}
    argo = {"metadata": {"name": "training-1"}, "status": {"nodes": {"n-1": node}}}
    held = look("RUNNING", task("root-driver(0)", "PENDING", at=1))
    _, lines = watched([held] * 3 + [look("SUCCEEDED", PULLED)], workflow=argo)
    assert lines[0] == (
        "pull-data: pending (KFP's driver does not start: ImagePullBackOff: Back-off pulling image"
        ' "kfp-driver:2.17.0")'
    )


def test_a_server_without_argos_account_shows_no_reason() -> None:
    _, lines = watched([WAITING] * 5 + [look("SUCCEEDED", PULLED)], old=True)
    assert lines[:2] == ["pull-data: running", "pull-data: succeeded in 30.0 s"]


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED"])
def test_waiting_ends_with_every_final_state(state: str) -> None:
    looks = [look(each) for each in ("PENDING", "PAUSED", "RUNNING", "CANCELING", "NEWER", state)]
    run, _ = watched(looks)
    assert run.state == state


def test_a_step_that_runs_when_its_run_fails_is_reported_as_canceled() -> None:
    running = task("train", "RUNNING", at=4)
    _, lines = watched([look("RUNNING", running), look("FAILED", running)])
    assert re.fullmatch(r"train: canceled in \d+\.\d s", lines[1])
    assert "register: skipped (an earlier step failed)" in lines


def test_a_step_in_a_failed_run_may_have_a_false_condition() -> None:
    tasks = [task("condition-1", "SKIPPED", at=3, to=3), task("train", "FAILED", at=3, to=7)]
    _, lines = watched([look("FAILED", *tasks)])
    assert "register: skipped" in lines


def test_the_tasks_of_a_run_that_ended_may_come_later() -> None:
    late = [look("SUCCEEDED", task("train", "RUNNING", at=2))] * 2
    ended = task("train", "RUNNING", "SUCCEEDED", at=2, to=13)
    _, lines = watched([*late, look("SUCCEEDED", ended)])
    assert lines[:2] == ["train: running", "train: succeeded in 11.0 s"]


def test_waiting_survives_a_server_that_is_away_for_minutes() -> None:
    faults = itertools.chain([None], [LOSE, DROP, 500, 503] * 5, itertools.repeat(None))
    ended = task("train", "RUNNING", "SUCCEEDED", at=2, to=13)
    run, lines = watched(
        [look("RUNNING", task("train", "RUNNING", at=2)), look("SUCCEEDED", ended)],
        fault=lambda _: next(faults),
    )
    assert run.state == "SUCCEEDED"
    assert lines[0] == "train: running"


def test_a_server_that_stays_away_is_an_error() -> None:
    faults = itertools.chain([None], itertools.repeat(502))
    with pytest.raises(PinionError, match="answered 502"):
        watched([look("RUNNING")], fault=lambda _: next(faults))
