"""Ctrl-C and SIGTERM: running steps are ended and reported as canceled."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from kfp import dsl

from pipelines.runner.interpreter_testing import TEXT_STEP, Events, HostPrograms, Run, program
from pipelines.system.errors import Terminated, terminate

FOREVER = program("forever", "import time; time.sleep(3600)", "[]", "[]")
FAILING = program("failing", "exit('no luck')", "[]", "[]")


@pytest.fixture(autouse=True)
def _terminated() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, terminate)
    yield
    signal.signal(signal.SIGTERM, before)


class Interrupting(Events):
    """An observer that sends this process a signal once `count` steps have reached a state."""

    def __init__(self, number: int, state: str, count: int) -> None:
        super().__init__()
        self.number, self.state, self.count = number, state, count

    def started(self, task: str, why: str = "") -> None:
        super().started(task, why)
        self._check()

    def ended(self, task: str, state: str, why: str = "") -> None:
        super().ended(task, state, why)
        self._check()

    def _check(self) -> None:
        if sum(state == self.state for _, state in self.seen) == self.count:
            self.count = -1
            os.kill(os.getpid(), self.number)


class Impatient(HostPrograms):
    """A backend whose user presses Ctrl-C again and again while it ends the steps."""

    def stop(self) -> None:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)
        super().stop()


def start(tmp_path: Path, pipeline: object, events: Events, jobs: int = 2) -> Run:
    run = Run(tmp_path, pipeline, jobs)
    run.events = run.interpreter.observer = events
    return run


def test_a_run_that_was_started_deaf_to_ctrl_c_and_got_it_is_no_success(tmp_path: Path) -> None:
    @dsl.pipeline(name="stopped")
    def pipeline() -> None:
        FOREVER()

    run = start(tmp_path, pipeline, Interrupting(signal.SIGINT, "started", 1))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(KeyboardInterrupt):
            run()
    finally:
        signal.signal(signal.SIGINT, before)
    assert ("forever", "canceled") in run.events.seen


@pytest.mark.parametrize(
    ("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]
)
def test_a_signal_ends_what_runs_and_is_raised_when_it_has(
    tmp_path: Path, number: int, raised: type[BaseException]
) -> None:
    @dsl.pipeline(name="stopped")
    def pipeline() -> None:
        with dsl.ParallelFor(["a", "b", "c"]) as item:
            TEXT_STEP(value=item).after(FOREVER())

    run = start(tmp_path, pipeline, Interrupting(number, "started", 2))
    backend = run.interpreter.backend = Impatient()
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(raised) as caught:
        run()
    assert caught.type is raised
    assert run.events.states() == {"forever.0": "canceled", "forever.1": "canceled"}
    assert {call.name for call in backend.calls} <= {"forever.0", "forever.1"}
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_wait_between_retries_is_cut_short(tmp_path: Path) -> None:
    @dsl.pipeline(name="waiting")
    def pipeline() -> None:
        FAILING().set_retry(3, "3000s")
        TEXT_STEP(value="a")

    run = start(tmp_path, pipeline, Interrupting(signal.SIGINT, "succeeded", 1), jobs=1)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert run.events.states() == {"failing": "canceled", "text": "succeeded"}


def test_a_signal_between_two_steps_starts_nothing_more(tmp_path: Path) -> None:
    @dsl.pipeline(name="between")
    def pipeline() -> None:
        first = TEXT_STEP(value="a")
        TEXT_STEP(value="b").after(first)

    run = start(tmp_path, pipeline, Interrupting(signal.SIGINT, "succeeded", 1))
    with pytest.raises(KeyboardInterrupt):
        run()
    assert run.events.states() == {"text": "succeeded"}


def test_steps_are_gone_when_the_run_has_ended(tmp_path: Path) -> None:
    marker = f"forever-{os.getpid()}-{tmp_path.name}"
    lasting = program("lasting", f"import time; marker = {marker!r}; time.sleep(3600)", "[]", "[]")

    @dsl.pipeline(name="gone")
    def pipeline() -> None:
        lasting()

    with pytest.raises(KeyboardInterrupt):
        start(tmp_path, pipeline, Interrupting(signal.SIGINT, "started", 1))()
    assert marker not in "".join(map(_command_line, Path("/proc").glob("[0-9]*/cmdline")))


def _command_line(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
