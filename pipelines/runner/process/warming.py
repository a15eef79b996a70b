"""Interpreters that import what the next steps need while earlier steps still work.

A step in a process of its own begins with a second or more of imports. On a machine with a core to
spare they are done before its turn comes. A package takes part with a function `warm` beside its
`main`; a step without one, or one that nobody foresaw, starts cold and gives the same.
"""

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar, cast

from pipelines.runner.task.backend import Call, StoppedError
from pipelines.system.errors import PinionError

T = TypeVar("T")

# One that waits holds memory, and in a chain of steps no more are due soon.
_AHEAD = 2

# Runs in the component's own environment. What it prints before it is called is of no step.
# Modules stay: to look for garbage among them takes a fifth of the time, and finds none.
_PROGRAM = """
import contextlib, gc, importlib, json, os, sys
package, program = sys.argv[1:]
sys.path.insert(0, os.path.dirname(program))
gc.disable()
with contextlib.suppress(Exception):
    importlib.import_module(package + ".__main__").warm()
gc.freeze(), gc.enable()
sys.stdout.flush(), os.dup2(2, 1)
called = sys.stdin.readline()
if not called:
    os._exit(0)
call = json.loads(called)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
log = os.open(call["log"], os.O_WRONLY | os.O_APPEND)
os.dup2(log, 1), os.dup2(log, 2), os.close(log)
sys.argv[:] = [program, *call["arguments"]]
__file__ = program
exec(compile(open(program, "rb").read(), program, "exec"))
"""


@dataclass(frozen=True)
class Program:
    """What a step starts for an image: a file of a component's package, and its variables."""

    image: str
    package: str
    file: Path
    variables: Mapping[str, str]

    def cold(self, python: Path, arguments: Sequence[str]) -> list[str | Path]:
        """The command line that calls it."""
        return [python, "-sE", self.file, *arguments]

    def warm(self, python: Path) -> list[str | Path]:
        """The command line that imports, and waits to be called."""
        # -P, because the caller's folder may have modules of the same names.
        return [python, "-P", "-sE", "-c", _PROGRAM, self.package, self.file]


class Warming(Generic[T]):
    """Starts programs in the order of their steps, few ahead, each once `ready` gives it a place.

    `start` is called with a program and what `ready` returned for it.
    """

    def __init__(
        self,
        programs: Iterable[Program],
        ready: Callable[[Program], T],
        start: Callable[[Program, T], "subprocess.Popen[bytes]"],
    ) -> None:
        self._ready = ready
        self._start = start
        self._due: list[Program] = []
        for program in programs:
            if program not in self._due:
                self._due.append(program)
        self._missed: list[Program] = []
        self._stopped = False
        self._waiting: list[tuple[Program, subprocess.Popen[bytes]]] = []
        self._changed = threading.Condition()
        # They must not end before what they started has: the kernel ends that with them.
        for _ in range(_AHEAD):
            threading.Thread(target=self._work, name="warming", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._due and len(self._waiting) < _AHEAD)
                program = self._due.pop(0)
            try:
                # Outside of the lock, as it may have to be installed first.
                place = self._ready(program)
                with self._changed:
                    if self._stopped or program in self._missed:
                        continue
                    process = self._start(program, place)
                    self._waiting.append((program, process))
            except (OSError, PinionError, StoppedError):
                # The step itself will say what is wrong.
                continue
            # Until its imports are done, as it closes its output then.
            cast(BinaryIO, process.stdout).read()

    def take(self, program: Program, call: Call) -> "subprocess.Popen[bytes] | None":
        """Calls an interpreter that waits for the program; `None` where none does."""
        with self._changed:
            found = next((each for each in self._waiting if each[0] == program), None)
            if not found:
                # It is too late for it, and early enough for those behind.
                self._missed.append(program)
                with contextlib.suppress(ValueError):
                    self._due.remove(program)
                return None
            self._waiting.remove(found)
            self._changed.notify()
        process = found[1]
        given = {"arguments": call.command[1:], "log": str(call.log.absolute())}
        try:
            with cast(BinaryIO, process.stdin) as stdin:
                stdin.write(json.dumps(given).encode() + b"\n")
        except OSError:
            process.wait()
            return None
        return process

    def stop(self) -> None:
        """Ends what waits; nothing is started any more."""
        with self._changed:
            self._stopped = True
            self._due.clear()
            for _, process in self._waiting:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            self._waiting.clear()
