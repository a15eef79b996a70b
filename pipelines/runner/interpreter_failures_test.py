"""Failures: what else runs, what is reported, and how often a step is retried."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from kfp import dsl

from pipelines.runner.interpreter_testing import TEXT_STEP, HostPrograms, Run, program
from pipelines.runner.task.backend import Call, TaskFailedError
from pipelines.system.errors import PinionError

FAILING = program("failing", "exit('no luck')", "[]", "[]")


def failing_until(tmp_path: Path, attempt: int) -> Any:
    """Return a step that records each attempt, and succeeds from the given one on."""
    (tmp_path / "notes").write_text("")
    return program(
        "flaky",
        "from pathlib import Path; import sys; notes, out = map(Path, sys.argv[1:]);"
        "count = len(notes.read_text()) + 1;"
        f"notes.write_text('x' * count); assert not out.exists();"
        f"out.write_text('half'); sys.exit(count < {attempt})",
        "[{name: notes, type: String}]",
        "[{inputValue: notes}, {outputPath: out}]",
        "[{name: out, type: Dataset}]",
    )


@pytest.mark.parametrize(
    ("in_all", "waits", "ended"),
    [
        pytest.param("60s", [2.0, 6.0, 18.0], "succeeded", id="in time"),
        pytest.param("20s", [2.0, 6.0], "failed", id="the next wait would be too long"),
    ],
)
def test_retries_with_growing_waits_and_a_clean_folder(
    tmp_path: Path, in_all: str, waits: list[float], ended: str
) -> None:
    flaky = failing_until(tmp_path, 4)

    @dsl.pipeline(name="retries")
    def pipeline(notes: str = "") -> None:
        flaky(notes=notes).set_retry(3, "2s", 3.0, in_all)

    run = Run(tmp_path, pipeline).without_waiting()
    with contextlib.suppress(TaskFailedError):
        run(notes=str(tmp_path / "notes"))
    assert run.waits == waits
    assert len(run.backend.calls) == len(waits) + 1
    assert run.events.seen == [("flaky", "started"), ("flaky", ended)]


def test_an_output_that_is_missing_is_tried_again_too(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("")
    late = program(
        "late",
        "from pathlib import Path; import sys; notes, out = map(Path, sys.argv[1:]);"
        "notes.read_text() and out.write_text('7'); notes.write_text('x')",
        "[{name: notes, type: String}]",
        "[{inputValue: notes}, {outputPath: count}]",
        "[{name: count, type: Integer}]",
    )

    @dsl.pipeline(name="late")
    def pipeline(notes: str = "") -> None:
        late(notes=notes).set_retry(1)

    run = Run(tmp_path, pipeline)(notes=str(tmp_path / "notes"))
    assert run.output("late", "count") == 7


def test_what_does_not_depend_on_a_failure_runs_on(tmp_path: Path) -> None:
    @dsl.pipeline(name="beside")
    def pipeline() -> None:
        failed = FAILING()
        never = TEXT_STEP(value="never").after(failed)
        TEXT_STEP(value="nor this").after(never)
        first = TEXT_STEP(value="first")
        TEXT_STEP(value="second").after(first)

    run = Run(tmp_path, pipeline, jobs=1)
    with pytest.raises(TaskFailedError) as caught:
        run()
    log = tmp_path / "run" / "logs" / "failing.log"
    assert str(caught.value) == f"step 'failing' failed: no luck (exit 1) (log: {log})"
    assert caught.value.task == "failing"
    assert run.events.states() == {
        "failing": "failed",
        "text": "skipped",
        "text-2": "skipped",
        "text-3": "succeeded",
        "text-4": "succeeded",
    }


def test_several_failures_are_one_line_that_names_the_first(tmp_path: Path) -> None:
    @dsl.pipeline(name="several")
    def pipeline() -> None:
        with dsl.ParallelFor([1, 2, 3, 4, 5]):
            FAILING()

    with pytest.raises(PinionError) as caught:
        Run(tmp_path, pipeline)()
    logs = tmp_path / "run" / "logs"
    named = "; ".join(
        f"'failing.{index}' failed: no luck (exit 1) (log: {logs}/failing.{index}.log)"
        for index in range(3)
    )
    assert str(caught.value) == f"5 steps failed: {named}; and 2 more"


def test_hundreds_of_steps_at_once_are_all_told_right_and_lose_no_line(tmp_path: Path) -> None:
    talk = program(
        "talk",
        "import sys; n = int(sys.argv[1]); print(*[f'{n} line {i}' for i in range(50)], sep='\\n');"
        "sys.exit(n % 2)",
        "[{name: number, type: Integer}]",
        "[{inputValue: number}]",
    )

    @dsl.pipeline(name="hundreds")
    def pipeline() -> None:
        with dsl.ParallelFor(list(range(400))) as number:
            talk(number=number)

    run = Run(tmp_path, pipeline, jobs=8)
    with pytest.raises(PinionError, match="^200 steps failed: .*; and 197 more$"):
        run()
    states = run.events.states()
    assert states == {f"talk.{n}": ("succeeded", "failed")[n % 2] for n in range(400)}
    for number in range(400):
        log = (tmp_path / "run" / "logs" / f"talk.{number}.log").read_text()
        assert log.splitlines() == [f"{number} line {line}" for line in range(50)]


def test_a_condition_without_an_answer_fails_what_it_decides_on(tmp_path: Path) -> None:
    @dsl.pipeline(name="unanswered")
    def pipeline(size: int = 3) -> None:
        with dsl.If(size > 2):
            TEXT_STEP(value="a")
        TEXT_STEP(value="b")

    run = Run(tmp_path, pipeline)
    with pytest.raises(TaskFailedError, match="step 'condition-1' failed: the condition .* cannot"):
        run.interpreter.run({})
    assert run.events.states() == {
        "condition-1": "failed",
        "text": "skipped",
        "text-2": "succeeded",
    }


class Broken(HostPrograms):
    """A backend with a bug, which is not a failure of a step."""

    def run(self, call: Call) -> None:
        if call.name == "text":
            raise ZeroDivisionError("a bug")
        super().run(call)


def test_an_error_of_a_backend_ends_the_run_and_surfaces(tmp_path: Path) -> None:
    forever = program("forever", "import time; time.sleep(3600)", "[]", "[]")

    @dsl.pipeline(name="broken")
    def pipeline() -> None:
        forever()
        TEXT_STEP(value="a")

    run = Run(tmp_path, pipeline)
    run.interpreter.backend = Broken()
    with pytest.raises(ZeroDivisionError, match="a bug"):
        run()
    assert run.events.states() == {"forever": "canceled", "text": "failed"}


def test_a_step_that_cannot_be_started_or_read_is_named_and_others_go_on(tmp_path: Path) -> None:
    folder = program(
        "folder",
        "import os, sys; os.mkdir(sys.argv[1])",
        "[]",
        "[{outputPath: said}]",
        "[{name: said, type: String}]",
    )

    @dsl.pipeline(name="p")
    def pipeline(text: str = "") -> None:
        TEXT_STEP(value=text)
        folder()
        TEXT_STEP(value="short")

    run = Run(tmp_path, pipeline)
    with pytest.raises(PinionError, match="^2 steps failed: ") as caught:
        run(text="ü" * 100_000)
    assert "'text' failed: its arguments are longer than the system allows, the longest" in str(
        caught.value
    )
    assert "longest has 200000 bytes; pass that value in a file" in str(caught.value)
    assert "'folder' failed: Is a directory '" in str(caught.value)
    assert run.recorded("text-2") == ["short"]
