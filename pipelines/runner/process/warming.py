"""Start interpreters that import what the next steps need while earlier steps still run.

Every step starts with a second or more of imports. On a machine with a spare core they are done
before the step's turn comes. A package takes part if it has a function `warm` beside its `main`. A
step without one, or one that was not expected, starts cold and gives the same outputs.
"""

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from pipelines.environments.manager import Environment
from pipelines.runner.task.arguments import are_long, from_file
from pipelines.runner.task.backend import Call, StoppedError
from pipelines.system.errors import PinionError

# A waiting interpreter occupies memory, and a chain of steps soon needs no more than two.
_AHEAD = 2

# Runs in the component's own environment. What it prints before it is called belongs to no step.
# Garbage collection is off during the imports: it takes a fifth of the time and finds nothing.
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
    """The program of an image: a file of a component's package, and its variables."""

    image: str
    package: str
    file: Path
    variables: Mapping[str, str]

    def cold(self, python: Path, call: Call) -> list[str | Path]:
        """Return the command line that runs it for a call."""
        if are_long(call):
            return [python, *from_file(call, str(self.file))]
        return [python, "-sE", self.file, *call.command[1:]]

    def warm(self, python: Path) -> list[str | Path]:
        """Return the command line that imports its modules, and waits to be called."""
        # -P, because the caller's folder may have modules of the same names.
        return [python, "-P", "-sE", "-c", _PROGRAM, self.package, self.file]


class Warming:
    """Start programs in advance, in the order of their steps, a few at a time.

    `start` is called with a program and what `ready` has returned for it.
    """

    def __init__(
        self,
        programs: Iterable[Program],
        ready: Callable[[Program], Environment],
        start: Callable[[Program, Environment], "subprocess.Popen[bytes]"],
    ) -> None:
        self._ready = ready
        self._start = start
        given = list(programs)
        self._due = [each for place, each in enumerate(given) if each not in given[:place]]
        self._missed: list[Program] = []
        self._stopped = False
        self._waiting: list[tuple[Program, subprocess.Popen[bytes]]] = []
        self._changed = threading.Condition()
        # The threads must outlive what they start, because the kernel ends that with them.
        for _ in range(_AHEAD):
            threading.Thread(target=self._work, name="warming", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._due and len(self._waiting) < _AHEAD)
                program = self._due.pop(0)
            try:
                # Outside the lock, because the environment may have to be installed first.
                place = self._ready(program)
                with self._changed:
                    if self._stopped or program in self._missed:
                        continue
                    process = self._start(program, place)
                    self._waiting.append((program, process))
            except (OSError, PinionError, StoppedError):
                # The step itself will report what is wrong.
                continue
            # It closes its output when its imports are done.
            cast(BinaryIO, process.stdout).read()

    def take(self, program: Program, call: Call) -> "subprocess.Popen[bytes] | None":
        """Call the interpreter that waits for a program, or return None if there is none."""
        with self._changed:
            found = next((each for each in self._waiting if each[0] == program), None)
            if not found:
                # Too late for this program, but early enough for the next ones.
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
        """End all waiting interpreters, and start no more."""
        with self._changed:
            self._stopped = True
            self._due.clear()
            for _, process in self._waiting:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            self._waiting.clear()
