"""Run parts in parallel, as many as the cores allow, and end what was started."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.environments.manager import Environment, Environments
from pipelines.system.errors import PinionError
from pipelines.system.workspace import ROOT
from tests.tiers.parts import Part, environment
from tests.tiers.results import Result, of_check, of_tests

# Seconds that a stopped process may take to clean up.
_GRACE = 20


@dataclass(frozen=True)
class Work:
    """A part, the requested paths in it, and flags for pytest if it is a part of tests."""

    part: Part
    paths: tuple[str, ...]
    flags: tuple[str, ...] = ()


@dataclass
class Slots:
    """The number of processes that may be busy; a part that needs more takes all of them."""

    free: int
    _most: int = field(init=False)
    _next: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self._most = self.free

    @contextmanager
    def taken(self, place: int, wanted: int) -> Iterator[None]:
        """Wait for this place's turn and for enough free slots, and hold them for the block."""
        count = min(wanted, self._most)
        with self._changed:
            self._changed.wait_for(lambda: self._next == place and self.free >= count)
            self._next += 1
            self.free -= count
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self.free += count
                self._changed.notify_all()


@dataclass
class Running:
    """Start parts in environments, each made when a part first needs it."""

    environments: Environments
    slots: Slots
    say: Callable[[str], None]
    _found: dict[tuple[str, tuple[Path, ...]], Environment] = field(default_factory=dict)
    _making: threading.Lock = field(default_factory=threading.Lock)
    _processes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    _stopped: bool = False

    def all(self, works: Sequence[Work]) -> Iterator[Result]:
        """Run all parts and yield their results as they end; Ctrl-C stops them."""
        with ThreadPoolExecutor(max(1, len(works))) as pool:
            futures = []
            try:
                for place, work in enumerate(works):
                    futures.append(pool.submit(self._one, place, work))
                for future in as_completed(futures):
                    yield future.result()
            except BaseException:
                self._stop()
                raise

    def _one(self, place: int, work: Work) -> Result:
        with self.slots.taken(place, work.part.workers):
            if self._stopped:
                return of_check(work.part.name, 1, 0, "stopped\n")
            try:
                python = self._python(work.part.environment, work.part.locks)
                command = work.part.command(python, work.paths, self._python)
                variables = environment(work.part.variables(self._python))
            except PinionError as error:
                return of_check(work.part.name, 1, 0, f"{error}\n")
            return self._finished(work, command, variables)

    def _python(self, name: str, locks: Sequence[Path]) -> Path:
        # One at a time: they share the network, and an environment may serve several parts.
        with self._making:
            key = (name, tuple(locks))
            if key not in self._found:
                contents = [lock.read_bytes() for lock in locks]
                self._found[key] = self.environments.ready(name, contents, self._tell(name))
            return self._found[key].python

    def _tell(self, name: str) -> Callable[[str], None]:
        reported: list[str] = []

        def tell(text: str) -> None:
            # One line is enough; the progress of downloads is not shown.
            if not reported:
                self.say(f"installing {name}")
            reported.append(text)

        return tell

    def _finished(
        self, work: Work, command: Sequence[str | Path], variables: dict[str, str]
    ) -> Result:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="pinion-tests-") as folder:
            printed, report = Path(folder, "printed"), Path(folder, "report.xml")
            flags = [*work.flags, f"--junitxml={report}"] if work.part.tests else []
            with printed.open("wb") as output:
                process = subprocess.Popen(
                    [*command, *flags],
                    cwd=ROOT,
                    env=variables,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            self._processes.append(process)
            if self._stopped:
                _signal(process, signal.SIGTERM)
            code = process.wait()
            seconds, text = time.monotonic() - began, printed.read_text(errors="replace")
            if work.part.tests:
                return of_tests(work.part.name, code, seconds, text, report)
            return of_check(work.part.name, code, seconds, text)

    def _stop(self) -> None:
        self._stopped = True
        self.environments.started.stop()
        # SIGINT first, as from Ctrl-C, so that pytest ends what tests started.
        for sign in (signal.SIGINT, signal.SIGKILL):
            for process in self._processes:
                _signal(process, sign)
            for process in self._processes:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_GRACE)


def _signal(process: "subprocess.Popen[bytes]", sign: signal.Signals) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
