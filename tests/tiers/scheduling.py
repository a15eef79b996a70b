"""Runs parts beside each other, as many as the cores have work for, and ends what it started."""

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

# Seconds that what is stopped has to end in order.
_GRACE = 20


@dataclass(frozen=True)
class Work:
    """A part, the paths of it that were asked for, and flags for pytest if it is one of tests."""

    part: Part
    paths: tuple[str, ...]
    flags: tuple[str, ...] = ()


@dataclass
class Slots:
    """How many processes may be busy; a part that needs more than there are takes all."""

    free: int
    _most: int = field(init=False)
    _next: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self._most = self.free

    @contextmanager
    def taken(self, place: int, wanted: int) -> Iterator[None]:
        """Wait until those before this place have theirs and that many are free, and hold them."""
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
    """Starts parts in environments that are made when the first one needs them."""

    environments: Environments
    slots: Slots
    say: Callable[[str], None]
    _found: dict[tuple[str, tuple[Path, ...]], Environment] = field(default_factory=dict)
    _making: threading.Lock = field(default_factory=threading.Lock)
    _processes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    _stopped: bool = False

    def all(self, works: Sequence[Work]) -> Iterator[Result]:
        """Run each part to its end, and yield the results as they come; Ctrl-C stops them."""
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
        # One after the other: they share the network, and what several need is found made.
        with self._making:
            key = (name, tuple(locks))
            if key not in self._found:
                contents = [lock.read_bytes() for lock in locks]
                self._found[key] = self.environments.ready(name, contents, self._tell(name))
            return self._found[key].python

    def _tell(self, name: str) -> Callable[[str], None]:
        told: list[str] = []

        def tell(text: str) -> None:
            # How far the downloads are is more than one line.
            if not told:
                self.say(f"installing {name}")
            told.append(text)

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
        # As Ctrl-C does, so that pytest ends what tests started.
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
