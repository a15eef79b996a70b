"""Observe a run, and write its page whole at each change of state."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipelines.console.progress import Progress
from pipelines.pages.outputs import outputs
from pipelines.pages.record import FAILED, STOPPED, SUCCEEDED, RunRecord
from pipelines.pages.results import add_results
from pipelines.pages.run_page import run_page
from pipelines.pages.runs_page import write_runs_page
from pipelines.system.errors import PinionError
from pipelines.system.repeated import repeated
from pipelines.system.task_state import State
from pipelines.system.workspace import whole

PAGE = "index.html"
# Seconds after which the page of a run is written again, with its progress, if nothing changes.
INTERVAL = 2.0
# A page that took so many seconds is written again after so many times as much, but before its
# readers are told that nobody writes it any more.
_LONG, _SHARE, _LATEST = 0.05, 20, 10.0
_STOPPED = "it was stopped by Ctrl-C or a signal; run it again: what had succeeded is cached"


class Recorder:
    """An observer that passes on what it sees to the progress on the terminal.

    A page that cannot be written, as on a full disk, stops no run.
    """

    def __init__(
        self,
        progress: Progress,
        record: RunRecord,
        folder: Path,
        clock: Callable[[], float] = time.time,
        interval: float = INTERVAL,
    ) -> None:
        self._progress = progress
        self._record = record
        self._folder = folder
        self._clock = clock
        self._interval = interval
        # Another thread writes the page too.
        self._lock = threading.Lock()
        self._next = 0.0

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Keep the page for as long as the block runs, and write how it ends."""
        self._record.began = self._clock()
        self._write(with_runs=True)
        try:
            with repeated(self._write, self._interval, "page"):
                yield
        except KeyboardInterrupt:
            self._end(STOPPED, _STOPPED)
            raise
        except BaseException as error:
            self._end(FAILED, str(error) if isinstance(error, PinionError) else repr(error))
            raise
        self._end(SUCCEEDED, "")

    def waits(self, task: str) -> None:
        """Show that a step waits for an equal one."""
        with self._lock:
            self._record.step(task).why = "an equal step is running"
        self._progress.waits(task)
        self._write()

    def started(self, task: str, why: str = "") -> None:
        """Show that a step runs, and why it is not cached."""
        with self._lock:
            step = self._record.step(task)
            step.state, step.why, step.began = State.RUNNING.value, why, self._clock()
        self._progress.started(task, why)
        self._write()

    def ended(self, task: str, state: State, why: str = "") -> None:
        """Show how a step ended."""
        with self._lock:
            step = self._record.step(task)
            step.state, step.why = state.value, why or step.why
            if step.began is not None:
                step.ended = self._clock()
            with suppress(OSError):
                step.outputs = outputs(self._folder, task)
        self._progress.ended(task, state, why)
        self._write()

    def _end(self, state: str, error: str) -> None:
        self._record.close(state, error, self._clock())
        add_results(self._record, self._folder)
        self._write(with_runs=True)

    def _write(self, with_runs: bool = False) -> None:
        begun = time.monotonic()
        with self._lock, suppress(OSError, PinionError):
            if begun < self._next and not with_runs:
                return
            write_run(self._record, self._folder, self._clock())
            if with_runs:
                write_runs_page(self._folder.parent)
            # The page of a thousand steps must not hold up its run; it is written later.
            now = time.monotonic()
            took = now - begun
            self._next = now + (min(_SHARE * took, _LATEST) if took > _LONG else 0)


def write_run(record: RunRecord, folder: Path, now: float) -> None:
    """Write what is known of a run, and its page, each whole or not at all."""
    record.save(folder)
    with whole(folder / PAGE) as partial:
        partial.write_text(run_page(record, folder, now), "utf-8", "replace")
