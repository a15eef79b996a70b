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
from pipelines.kubeflow.kfp_server_testing import DROP, LOSE, Json, KfpServer, look, serving, task
from pipelines.kubeflow.runs import Run, get
from pipelines.kubeflow.watch import outcome, wait
from pipelines.system.errors import PinionError

STEPS = ["pull-data", "train", "register"]
RUN = "5f1f4a1e-0000-4000-8000-000000000001"
TIMES = {"start_time": "2026-11-24T08:00:00Z", "end_time": "2026-11-24T08:01:30Z"}


def watched(looks: list[Json], **server: Any) -> tuple[Run, list[str]]:
    """How a run ended, and the lines that were shown meanwhile, without the time of day."""
    kfp = KfpServer(looks=looks, runs={RUN: {"run_id": RUN, "looks": 0}}, **server)
    shown = io.StringIO()
    with serving(kfp):
        api = Api(find_endpoint(kfp.address), Login(), pause=lambda _: None)
        run = wait(api, get(api, RUN), STEPS, Progress(STEPS, Console(file=shown)))
    return run, [line[9:] for line in shown.getvalue().splitlines()]


def test_steps_are_shown_as_they_start_and_end() -> None:
    run, lines = watched(
        [
            look("PENDING"),
            look("RUNNING", task("root", "RUNNING"), task("pull-data-driver", "SUCCEEDED")),
            look("RUNNING", task("pull-data", "RUNNING"), task("train", "PENDING")),
            look("RUNNING", task("pull-data", "SUCCEEDED", **TIMES)),
            look("RUNNING", task("pull-data", "SUCCEEDED", **TIMES), task("train", "RUNNING")),
            look(
                "SUCCEEDED",
                task("pull-data", "SUCCEEDED", **TIMES),
                task("train", "SUCCEEDED", **TIMES),
            ),
        ]
    )
    assert run.state == "SUCCEEDED"
    assert lines == [
        "pull-data: running",
        "pull-data: succeeded in 90.0 s",
        "train: running",
        "train: succeeded in 90.0 s",
        "register: skipped",
    ]


def test_a_step_of_a_loop_is_shown_each_time() -> None:
    tasks = [task("train", state, task_id=f"t{n}") for n, state in enumerate(["RUNNING"] * 3)]
    _, lines = watched([look("RUNNING", *tasks), look("SUCCEEDED", *tasks)])
    assert lines[:3] == ["train: running", "train.1: running", "train.2: running"]


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED", "CANCELED", "SKIPPED"])
def test_waiting_ends_with_every_state_that_is_one(state: str) -> None:
    looks = [look(each) for each in ("PENDING", "PAUSED", "RUNNING", "CANCELING", "NEWER", state)]
    run, _ = watched(looks)
    assert run.state == state


def test_what_ran_in_a_run_that_was_ended_is_reported_as_canceled() -> None:
    _, lines = watched(
        [look("RUNNING", task("train", "RUNNING")), look("CANCELED", task("train", "RUNNING"))]
    )
    assert re.fullmatch(r"train: canceled in \d+\.\d s", lines[1])
    assert "register: skipped" in lines


@pytest.mark.parametrize(
    ("details", "said"),
    [
        pytest.param(
            look("FAILED", task("train", "FAILED", error={"code": 2, "message": "no\nmemory"})),
            "FAILED: step 'train' failed: no memory",
            id="the step's own words",
        ),
        pytest.param(
            look(
                "FAILED",
                task("train", "FAILED", child_tasks=[{"task_id": "id-executor"}]),
                task("executor", "FAILED", error={"message": "exit code 137"}),
            ),
            "FAILED: step 'train' failed: exit code 137",
            id="those of what is in it",
        ),
        pytest.param(
            look(
                "FAILED",
                task("train", "FAILED", child_tasks=[{"pod_name": "training-7"}]),
                task("executor", "FAILED", pod_name="training-7", error={"message": "exit code 3"}),
            ),
            "FAILED: step 'train' failed: exit code 3",
            id="those of a pod in it",
        ),
        pytest.param(
            look(
                "FAILED",
                task("train", "FAILED"),
                task("executor", "FAILED", parent_task_id="id-train", error={"message": "killed"}),
            ),
            "FAILED: step 'train' failed: killed",
            id="those of what it is the parent of",
        ),
        pytest.param(
            look("FAILED", task("root", "FAILED"), task("train-driver", "FAILED")),
            "FAILED: step 'train-driver' failed: its log says why",
            id="what is before a step",
        ),
        pytest.param(
            look(
                "FAILED",
                task(
                    "train",
                    "FAILED",
                    state_history=[{"state": "FAILED", "error": {"message": "evicted"}}],
                ),
            ),
            "FAILED: step 'train' failed: evicted",
            id="those of its history",
        ),
        pytest.param(
            look("FAILED", task("train", "FAILED")),
            "FAILED: step 'train' failed: its log says why",
            id="no words",
        ),
        pytest.param(
            look("FAILED", error={"code": 9, "message": "quota exceeded"}),
            "FAILED: quota exceeded",
            id="no step",
        ),
        pytest.param(look("CANCELED"), "CANCELED", id="ended by someone"),
        pytest.param(
            look("FAILED", task("train", "FAILED"), task("pull-data", "FAILED")),
            "FAILED: step 'train' failed: its log says why; step 'pull-data' failed: its log says"
            " why",
            id="two steps",
        ),
    ],
)
def test_what_became_of_a_run(details: Json, said: str) -> None:
    run, _ = watched([details])
    assert outcome(run, STEPS) == said


def test_a_server_that_goes_away_for_minutes_is_waited_for() -> None:
    faults = itertools.chain([None], [LOSE, DROP, 500, 503] * 5, itertools.repeat(None))
    run, lines = watched(
        [look("RUNNING", task("train", "RUNNING")), look("SUCCEEDED", task("train", "SUCCEEDED"))],
        fault=lambda _: next(faults),
    )
    assert run.state == "SUCCEEDED"
    assert lines[0] == "train: running"


def test_a_server_that_stays_away_is_told() -> None:
    faults = itertools.chain([None], itertools.repeat(502))
    with pytest.raises(PinionError, match="answered 502"):
        watched([look("RUNNING")], fault=lambda _: next(faults))
