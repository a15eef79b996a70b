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
    """Return how a run ended, and the lines shown until then, without the time of day."""
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
def test_waiting_ends_with_every_final_state(state: str) -> None:
    looks = [look(each) for each in ("PENDING", "PAUSED", "RUNNING", "CANCELING", "NEWER", state)]
    run, _ = watched(looks)
    assert run.state == state


def test_a_step_that_runs_when_its_run_is_canceled_is_reported_as_canceled() -> None:
    _, lines = watched(
        [look("RUNNING", task("train", "RUNNING")), look("CANCELED", task("train", "RUNNING"))]
    )
    assert re.fullmatch(r"train: canceled in \d+\.\d s", lines[1])
    assert "register: skipped" in lines


@pytest.mark.parametrize(
    ("details", "message"),
    [
        pytest.param(
            look("FAILED", task("train", "FAILED", error={"code": 2, "message": "no\nmemory"})),
            "FAILED: step 'train' failed: no memory",
            id="error of the step",
        ),
        pytest.param(
            look(
                "FAILED",
                task("train", "FAILED", child_tasks=[{"task_id": "id-executor"}]),
                task("executor", "FAILED", error={"message": "exit code 137"}),
            ),
            "FAILED: step 'train' failed: exit code 137",
            id="error of a node within the step",
        ),
        pytest.param(
            look(
                "FAILED",
                task("train", "FAILED", child_tasks=[{"pod_name": "training-7"}]),
                task("executor", "FAILED", pod_name="training-7", error={"message": "exit code 3"}),
            ),
            "FAILED: step 'train' failed: exit code 3",
            id="error of a pod within the step",
        ),
        pytest.param(
            look(
                "FAILED",
                task("train", "FAILED"),
                task("executor", "FAILED", parent_task_id="id-train", error={"message": "killed"}),
            ),
            "FAILED: step 'train' failed: killed",
            id="error of a child node",
        ),
        pytest.param(
            look("FAILED", task("root", "FAILED"), task("train-driver", "FAILED")),
            "FAILED: step 'train-driver' failed: see its log",
            id="error of the step's driver",
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
            id="error in the step's history",
        ),
        pytest.param(
            look("FAILED", task("train", "FAILED")),
            "FAILED: step 'train' failed: see its log",
            id="no error message",
        ),
        pytest.param(
            look("FAILED", error={"code": 9, "message": "quota exceeded"}),
            "FAILED: quota exceeded",
            id="no step",
        ),
        pytest.param(look("CANCELED"), "CANCELED", id="canceled"),
        pytest.param(
            look("FAILED", task("train", "FAILED"), task("pull-data", "FAILED")),
            "FAILED: step 'train' failed: see its log; step 'pull-data' failed: see its" " log",
            id="two steps",
        ),
    ],
)
def test_the_outcome_of_a_run_names_the_failed_step(details: Json, message: str) -> None:
    run, _ = watched([details])
    assert outcome(run, STEPS) == message


def test_waiting_survives_a_server_that_is_away_for_minutes() -> None:
    faults = itertools.chain([None], [LOSE, DROP, 500, 503] * 5, itertools.repeat(None))
    run, lines = watched(
        [look("RUNNING", task("train", "RUNNING")), look("SUCCEEDED", task("train", "SUCCEEDED"))],
        fault=lambda _: next(faults),
    )
    assert run.state == "SUCCEEDED"
    assert lines[0] == "train: running"


def test_a_server_that_stays_away_is_an_error() -> None:
    faults = itertools.chain([None], itertools.repeat(502))
    with pytest.raises(PinionError, match="answered 502"):
        watched([look("RUNNING")], fault=lambda _: next(faults))
