"""Shows a run while it goes on: live on a terminal, a line per event elsewhere."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

_STYLES = {"done": "green", "failed": "red", "skipped": "dim", "stopped": "yellow"}


class Progress:
    """An `Observer` that prints to stderr, so that stdout holds the results alone."""

    def __init__(self, tasks: Sequence[str]) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._since: dict[str, float] = {}
        self._ended: dict[str, tuple[str, float]] = {}
        self._tasks = tasks
        self._spinner = Spinner("dots")

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Draws the steps for as long as the block runs."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, get_renderable=self._render, refresh_per_second=8):
            yield

    def started(self, task: str) -> None:
        """A step starts."""
        self._since[task] = time.monotonic()
        self._line(f"{task} …")

    def ended(self, task: str, state: str) -> None:
        """A step ended as `done`, `failed`, `skipped` or `stopped`."""
        seconds = time.monotonic() - self._since.get(task, time.monotonic())
        self._ended[task] = (state, seconds)
        self._line(f"{task} {state}" + (f" in {seconds:.1f} s" if task in self._since else ""))

    def _line(self, text: str) -> None:
        if not self._console.is_terminal:
            self._console.print(f"{datetime.now():%H:%M:%S} {text}", markup=False, soft_wrap=True)

    def _render(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for task in self._tasks:
            if task in self._ended:
                state, seconds = self._ended[task]
                took = f"{seconds:.1f} s" if task in self._since else ""
                table.add_row(Text(state, _STYLES[state]), task, took)
            elif task in self._since:
                elapsed = time.monotonic() - self._since[task]
                table.add_row(self._spinner, task, f"{elapsed:.0f} s")
            else:
                table.add_row("", Text(task, "dim"), "")
        return table
