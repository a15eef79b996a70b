"""Show the progress of a run: live on a terminal, one line per event elsewhere."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from pipelines.console.step_log import last_progress
from pipelines.system.repeated import repeated
from pipelines.system.task_state import State

# Seconds between two progress lines of a step if there is no terminal.
INTERVAL = 10.0
_STYLES = {
    State.SUCCEEDED: "green",
    State.CACHED: "green",
    State.FAILED: "red",
    State.SKIPPED: "dim",
    State.CANCELED: "yellow",
}
# A step shorter than so many seconds is not named, and a line names at most so many steps.
_BRIEF, _NAMED = 0.5, 5
# The order in which rows are chosen if the terminal has no room for all.
_IMPORTANT = {State.FAILED: 0, State.RUNNING: 1, State.CANCELED: 2}


class Progress:
    """An `Observer` that prints to stderr, so that stdout holds only the results.

    `tasks` are the steps known in advance; the rows of a loop's items replace the row of the loop.
    The progress of a step is read from its log in the folder `logs`, if that is given. With `quiet`
    nothing is printed.
    """

    def __init__(
        self,
        tasks: Sequence[str],
        console: Console | None = None,
        *,
        logs: Path | None = None,
        quiet: bool = False,
        interval: float = INTERVAL,
    ) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._begun = time.monotonic()
        self._console.quiet = quiet
        self._logs = logs
        self._interval = interval
        # The last progress line that was printed of a step, and when.
        self._printed: dict[str, tuple[str, float]] = {}
        self._since: dict[str, float] = {}
        self._ended: dict[str, tuple[State, float]] = {}
        self._why: dict[str, str] = {}
        self._rows: dict[str, list[str]] = {task: [] for task in tasks}
        # Seconds that each component's environment took to install.
        self._installed: dict[str, float] = {}
        # When installing began for a component, and what is being done.
        self._installing: dict[str, tuple[float, str]] = {}
        self._spinner = Spinner("dots")
        self._over = False
        # Another thread draws the terminal.
        self._lock = threading.Lock()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the steps for as long as the block runs, and nothing after it."""
        try:
            with self._display():
                yield
        finally:
            # Installations may go on for a while, and the last line is the reason of a failure.
            with self._lock:
                self._over = True

    def _display(self) -> AbstractContextManager[object]:
        if self._console.quiet:
            return nullcontext()
        if self._console.is_terminal:
            return Live(console=self._console, get_renderable=self._render, refresh_per_second=8)
        return repeated(self._print_progress, self._interval / 10, "progress")

    def _print_progress(self) -> None:
        with self._lock:
            running = [task for task in self._since if task not in self._ended]
        for task in running:
            progress, now = self._progress(task), time.monotonic()
            before, at = self._printed.get(task, ("", -self._interval))
            if progress and progress != before and now - at >= self._interval:
                self._printed[task] = (progress, now)
                self._line(f"{task}: {progress}")

    def _progress(self, task: str) -> str:
        return last_progress(self._logs / f"{task}.log") if self._logs else ""

    def installing(self, component: str, text: str | None) -> None:
        """Show what is being installed for a component.

        An empty text means that it is installed, None that it failed. Unlike the other methods,
        this one is called from several threads.
        """
        with self._lock:
            known = component in self._installing
            since, _ = self._installing.pop(component, (time.monotonic(), ""))
            if text:
                self._installing[component] = since, text
        took = time.monotonic() - since
        if text and not known:
            self._line(f"{component}: installing")
        elif known and text is None:
            self._line(f"{component}: installing failed after {took:.1f} s")
        elif known and not text:
            self._installed[component] = took
            self._line(f"{component}: installed in {took:.1f} s")

    def waits(self, task: str, why: str = "an equal step is running") -> None:
        """Show why a step waits, or with an empty text that it waits no longer."""
        with self._lock:
            self._why[task] = why
        if why:
            self._line(f"{task}: {State.PENDING} ({why})")

    def started(self, task: str, why: str = "") -> None:
        """Show that a step starts, with the reason why it is not cached."""
        with self._lock:
            self._add(task)
            self._since[task] = time.monotonic()
            self._why[task] = why
        self._line(f"{task}: {State.RUNNING}" + (f" ({why})" if why else ""))

    def ended(self, task: str, state: State, why: str = "", took: float | None = None) -> None:
        """Show that a step ended; `why` says what it was cached from, or why it was skipped.

        `took` is its time in seconds, if the caller knows it better than the clock here.
        """
        with self._lock:
            self._add(task)
            now = time.monotonic()
            seconds = now - self._since.get(task, now) if took is None else took
            self._ended[task] = (state, seconds)
            self._why[task] = why or self._why.get(task, "")
        text = f"{task}: {state}" + (f" ({why})" if why else "")
        self._line(text + (f" in {seconds:.1f} s" if task in self._since else ""))

    def took(self) -> str:
        """Return where the time went: the total, the longest steps, and installing."""
        whole = time.monotonic() - self._begun
        steps = [(seconds, task) for task, (_, seconds) in self._ended.items() if seconds >= _BRIEF]
        parts = [
            f"{task} {seconds:.1f} s" for seconds, task in sorted(steps, reverse=True)[:_NAMED]
        ]
        if self._installed:
            parts.append(f"installing {sum(self._installed.values()):.1f} s, parallel to the steps")
        return f"{whole:.1f} s" + (f" ({', '.join(parts)})" if parts else "")

    def _add(self, task: str) -> None:
        if task not in self._since and task not in self._ended:
            # The numbers in a task's name are the indices of loop items.
            known = ".".join(part for part in task.split(".") if not part.isdecimal())
            self._rows.setdefault(known, []).append(task)

    def _line(self, text: str) -> None:
        with self._lock:
            if not (self._over or self._console.is_terminal):
                self._console.print(
                    f"{datetime.now():%H:%M:%S} {text}", markup=False, soft_wrap=True
                )

    def _render(self) -> Table:
        with self._lock:
            rows = [row for task, rows in self._rows.items() for row in rows or [task]]
            room = max(3, self._console.height - 2)
            table = Table.grid(padding=(0, 2))
            if len(rows) > room:
                table.add_row("", Text(self._counts(rows), "dim"), "", "")
                rows = self._most_important(rows, room - 1)
            for row in rows:
                table.add_row(*self._cells(row))
            for name, (since, text) in sorted(self._installing.items(), key=lambda each: each[1]):
                table.add_row(
                    "installing",
                    Text(name),
                    f"{time.monotonic() - since:.0f} s",
                    Text(text, "dim"),
                )
            return table

    def _state(self, task: str) -> State:
        running = State.RUNNING if task in self._since else State.PENDING
        return self._ended.get(task, (running, 0.0))[0]

    def _most_important(self, rows: Sequence[str], count: int) -> list[str]:
        def weight(index: int) -> tuple[int, int]:
            return _IMPORTANT.get(self._state(rows[index]), len(_IMPORTANT)), -index

        return [rows[index] for index in sorted(sorted(range(len(rows)), key=weight)[:count])]

    def _counts(self, rows: Sequence[str]) -> str:
        counts = sorted(Counter(map(self._state, rows)).items())
        return ", ".join(f"{count} {state}" for state, count in counts)

    def _cells(self, task: str) -> tuple[Text | Spinner | str, Text, str, Text]:
        state, why = self._state(task), Text(self._why.get(task, ""), "dim")
        if state is State.PENDING:
            return "", Text(task, "dim"), "", why
        if state is State.RUNNING:
            took = f"{time.monotonic() - self._since[task]:.0f} s"
            progress = self._progress(task)
            return self._spinner, Text(task), took, Text(progress, "dim") if progress else why
        took = f"{self._ended[task][1]:.1f} s" if task in self._since else ""
        return Text(state, _STYLES[state]), Text(task), took, why
