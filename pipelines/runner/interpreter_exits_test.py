"""Exit handlers, and steps that run however the steps before them ended."""

import json
from pathlib import Path

import pytest
from kfp import dsl

from pipelines.runner.interpreter_testing import TEXT_STEP, Run, program
from pipelines.runner.task.backend import TaskFailedError


@dsl.component(install_kfp_package=False)
def work(outcome: str) -> str:
    if outcome == "bad":
        raise ValueError("no luck")
    return outcome


@dsl.component(install_kfp_package=False)
def clean_up(who: str, status: dsl.PipelineTaskFinalStatus) -> str:
    import json

    return json.dumps({"who": who, **vars(status)})


@dsl.pipeline(name="guarded")
def guarded(outcome: str = "good") -> None:
    handler = clean_up(who="me")
    with dsl.ExitHandler(handler, name="guard"):
        first = work(outcome=outcome)
        TEXT_STEP(value=first.output)


def test_an_exit_task_after_success(tmp_path: Path) -> None:
    run = Run(tmp_path, guarded)(outcome="good")
    assert json.loads(str(run.output("clean-up"))) == {
        "who": "me",
        "state": "SUCCEEDED",
        "error_code": None,
        "error_message": None,
        "pipeline_job_resource_name": "run",
        "pipeline_task_name": "exit-handler-1",
    }
    assert run.events.states() == {
        "work": "succeeded",
        "text": "succeeded",
        "clean-up": "succeeded",
    }


def test_an_exit_task_after_a_failure_which_stays_one(tmp_path: Path) -> None:
    run = Run(tmp_path, guarded)
    with pytest.raises(TaskFailedError, match="step 'work' failed: ValueError: no luck"):
        run(outcome="bad")
    status = json.loads(str(run.output("clean-up")))
    assert (status["state"], status["error_code"]) == ("FAILED", 2)
    assert "step 'work' failed: ValueError: no luck" in status["error_message"]
    assert run.events.states() == {"work": "failed", "text": "skipped", "clean-up": "succeeded"}


def test_a_failed_exit_task_fails_the_run(tmp_path: Path) -> None:
    failing = program("failing", "exit('in the end')", "[]", "[]")

    @dsl.pipeline(name="failing-exit")
    def pipeline() -> None:
        with dsl.ExitHandler(failing()):
            TEXT_STEP(value="fine")

    run = Run(tmp_path, pipeline)
    with pytest.raises(TaskFailedError, match="step 'failing' failed: in the end"):
        run()
    assert run.recorded("text") == ["fine"]


def test_an_exit_task_after_steps_that_were_skipped(tmp_path: Path) -> None:
    @dsl.pipeline(name="skipping")
    def pipeline(start: bool = False) -> None:
        with dsl.ExitHandler(clean_up(who="us")), dsl.If(start == True):  # noqa: E712
            TEXT_STEP(value="never")

    run = Run(tmp_path, pipeline)()
    assert json.loads(str(run.output("clean-up")))["state"] == "SUCCEEDED"
    assert run.events.states() == {"text": "skipped", "clean-up": "succeeded"}


def test_an_exit_task_after_a_loop_of_which_one_item_failed(tmp_path: Path) -> None:
    @dsl.pipeline(name="loop")
    def pipeline() -> None:
        with dsl.ExitHandler(clean_up(who="us")), dsl.ParallelFor(["ok", "bad", "fine"]) as item:
            work(outcome=item)

    run = Run(tmp_path, pipeline)
    with pytest.raises(TaskFailedError, match=r"step 'work\.1' failed"):
        run()
    assert run.events.states() == {
        "work.0": "succeeded",
        "work.1": "failed",
        "work.2": "succeeded",
        "clean-up": "succeeded",
    }


@pytest.mark.parametrize(("outcome", "told"), [("good", ["good"]), ("bad", ["unset"])])
def test_a_step_that_ignores_the_failure_of_another_gets_the_default_for_its_output(
    tmp_path: Path, outcome: str, told: list[str]
) -> None:
    @dsl.pipeline(name="ignoring")
    def pipeline(outcome: str = "good") -> None:
        first = work(outcome=outcome)
        TEXT_STEP(value=first.output).ignore_upstream_failure()

    run = Run(tmp_path, pipeline)
    if outcome == "bad":
        with pytest.raises(TaskFailedError, match="step 'work' failed"):
            run(outcome=outcome)
    else:
        run(outcome=outcome)
    assert run.recorded("text") == told
