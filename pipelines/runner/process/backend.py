"""Run container tasks as processes, each in its component's own environment, without Docker."""

import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from pipelines.compiled.container import Container
from pipelines.console.step_log import last_words
from pipelines.environments.manager import Environment, Environments
from pipelines.environments.uv import StoppedInstallingError
from pipelines.runner.process.programs import PROGRAM, Source, Sources
from pipelines.runner.process.warming import Program, Warming
from pipelines.runner.task.backend import Call, StoppedError, TaskFailedError
from pipelines.system.child_processes import die_with_parent
from pipelines.system.errors import PinionError
from pipelines.system.shared_folders import Held

_Out = int | BinaryIO
# Is told what is being installed for a component: empty when all is installed, None if it failed.
Installing = Callable[[str, str | None], None]
_COMMAND = f"/app/{PROGRAM}"
# More would only compete for the network and the cores.
_INSTALLERS = 2
# Signs in a log that the environment is broken; other failures are the step's own.
_BROKEN = re.compile(r"(Import|ModuleNotFound|Syntax|EOF)Error|site-packages|cannot execute")
# Seconds. A step may be in a long call into a library, and notices the signal only afterwards.
_GRACE_SECONDS = 30


@dataclass
class ProcessBackend:
    """Start tasks from their sources; `settings` are added to their environment variables.

    A step starts when its own environment is ready, even if others are still being installed.
    """

    sources: Sources
    environments: Environments
    settings: Mapping[str, str] = field(default_factory=dict)
    installing: Installing = lambda _name, _text: None
    _found: dict[str, Source] = field(default_factory=dict, init=False)
    _apps: dict[str, Held] = field(default_factory=dict, init=False)
    _ready: "dict[str, Future[Environment]]" = field(default_factory=dict, init=False)
    _warming: Warming | None = field(default=None, init=False)
    _running: "list[subprocess.Popen[bytes]]" = field(default_factory=list, init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, init=False)
    _stopped: bool = field(default=False, init=False)

    def prepare(self, steps: Iterable[tuple[str, Container]]) -> None:
        """Take a snapshot of every step's code, and begin to install what is missing.

        Raise `PinionError` if this clone does not have the content of a step's pinned image.
        """
        pool = ThreadPoolExecutor(_INSTALLERS, thread_name_prefix="installing")
        for step, container in steps:
            image, command = container.image, container.command
            if command[0] != _COMMAND:
                raise PinionError(
                    f"step {step!r} starts {command[0]}, which only its image has; run it in its"
                    " image (--runner docker)"
                )
            if image in self._found:
                continue
            source = self._found[image] = self.sources.of(step, image)
            self._apps[image] = source.snapshot(self.sources.workspace)
            self._ready[image] = pool.submit(self._install, source)
        pool.shutdown(wait=False)

    def _install(self, source: Source) -> Environment:
        tell = partial(self.installing, source.name)
        try:
            environment = self.environments.ready(source.name, [source.lock], tell)
        except PinionError:
            self.installing(source.name, None)
            raise
        tell("")
        return environment

    def warm(self, containers: Iterable[Container]) -> None:
        """Start interpreters of later steps, so that their imports are done in advance."""
        # Without a spare core it would slow down the step that is running.
        if len(os.sched_getaffinity(0)) < 2:
            return
        self._warming = Warming(
            (self._program(each.image, each.environment) for each in containers),
            self._environment,
            self._warm,
        )

    def program(self, image: str) -> str:
        """Return the hash of a component's code and dependencies."""
        return self._found[image].content.runs

    def run(self, call: Call) -> None:
        """Run a task; if it fails, the reason is the last line of its log."""
        program = self._program(call.image, call.environment)
        environment = self._environment(program)
        with call.log.open("ab") as log:
            process = self._start(program, environment, call, log)
            exit_code = process.wait()
        with self._changed:
            self._running.remove(process)
            self._changed.notify_all()
            if self._stopped:
                raise StoppedError
        if exit_code != 0:
            why = self._damage(environment, program, exit_code, call.log)
            raise TaskFailedError(call.name, why or _reason(exit_code, call.log), call.log)

    def _damage(self, environment: Environment, program: Program, exit_code: int, log: Path) -> str:
        """Return what is broken in the environment if the step did not report an error itself."""
        end = log.read_text(errors="replace").strip().splitlines()[-50:]
        if end and end[-1].startswith(f"{program.package}: error: "):
            return ""
        suspect = exit_code < 0 or bool(_BROKEN.search("\n".join(end)))
        if not (damage := environment.damage(content=suspect)):
            return ""
        self.environments.discard(environment, damage)
        return (
            f"its environment {environment.folder} is damaged ({damage});"
            " run the same command again to repair it"
        )

    def _environment(self, program: Program) -> Environment:
        """Wait until a program's environment is installed, and return it."""
        try:
            return self._ready[program.image].result()
        except StoppedInstallingError:
            raise StoppedError from None

    def _start(
        self, program: Program, environment: Environment, call: Call, log: BinaryIO
    ) -> "subprocess.Popen[bytes]":
        # Under the lock, so that `stop` sees every process that starts.
        with self._changed:
            if self._stopped:
                raise StoppedError
            process = self._warming.take(program, call) if self._warming else None
            if process is None:
                command = program.cold(environment.python, call)
                process = self._popen(program, command, subprocess.DEVNULL, log, log)
            self._running.append(process)
        return process

    def _warm(self, program: Program, environment: Environment) -> "subprocess.Popen[bytes]":
        pipe = subprocess.PIPE
        return self._popen(
            program, program.warm(environment.python), pipe, pipe, subprocess.DEVNULL
        )

    def _popen(
        self,
        program: Program,
        command: Sequence[str | Path],
        stdin: int,
        stdout: _Out,
        stderr: _Out,
    ) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            command,
            env={**os.environ, **self.settings, **program.variables},
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )

    def _program(self, image: str, variables: Mapping[str, str]) -> Program:
        return Program(
            image, self._found[image].name, self._apps[image].folder / PROGRAM, variables
        )

    def stop(self) -> None:
        """Stop steps and their children: SIGTERM, time to close MLflow runs, then SIGKILL."""
        self.close()
        with self._changed:
            self._stopped = True
            running = list(self._running)
        for sign in (signal.SIGTERM, signal.SIGKILL):
            for process in running:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, sign)
            with self._changed:
                self._changed.wait_for(lambda: not self._running, _GRACE_SECONDS)

    def close(self) -> None:
        """End what was prepared for steps that will not run any more."""
        self.environments.started.stop()
        if self._warming:
            self._warming.stop()


def _reason(exit_code: int, log: Path) -> str:
    if exit_code < 0:
        return f"killed by {signal.Signals(-exit_code).name}"
    return f"{last_words(log)} (exit {exit_code})"
