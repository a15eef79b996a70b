"""Runs container tasks as processes of the components' own PEXes, where there is no Docker."""

import contextlib
import ctypes
import os
import signal
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from pipelines.backend import Call, StoppedError, TaskFailedError
from pipelines.environments import environment
from pipelines.errors import PinionError
from pipelines.images import ImageReference
from pipelines.locks import Locked
from pipelines.packages import Package, dist_lock
from pipelines.reasons import last_words
from pipelines.steps import Container
from pipelines.warming import Program, Warming
from pipelines.workspace import Workspace

_Out = int | BinaryIO
_APP = "/app/"
_PR_SET_PDEATHSIG = 1
# A step may be in the middle of a long call into a library before it hears of it.
_GRACE_SECONDS = 30


@dataclass
class ProcessBackend:
    """Starts tasks from packages; `settings` are added to their environment variables.

    `released` are the images of releases, whose code a package has to be if it is to run for them.
    """

    workspace: Workspace
    packages: Mapping[str, Package]
    released: Mapping[str, Locked] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    environments: Mapping[str, Path] = field(default_factory=dict)
    _warming: Warming | None = field(default=None, init=False)
    _programs: dict[str, str] = field(default_factory=dict, init=False)
    _running: "list[subprocess.Popen[bytes]]" = field(default_factory=list, init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, init=False)
    _stopped: bool = field(default=False, init=False)

    def prepare(self, steps: Iterable[tuple[str, Container]]) -> None:
        """Readies every step, so that a package that changes later does not change this run.

        Raises `PinionError` where a pinned image is not what is packaged here.
        """
        with dist_lock(self.workspace, exclusive=False):
            needed = {}
            for name, container in steps:
                package = self._package(name, container.image)
                self._check(name, container, package)
                needed[container.image] = package
                self._programs[container.image] = package.content().runs
            with ThreadPoolExecutor(max_workers=2) as pool:
                made = pool.map(
                    lambda package: environment(self.workspace, package), needed.values()
                )
                self.environments = dict(zip(needed, made, strict=True))

    def warm(self, containers: Iterable[Container]) -> None:
        """Lets steps that come later import what they need; what is never called ends with us."""
        # Where there is no core to spare it would be in the way of the step that works.
        if len(os.sched_getaffinity(0)) < 2:
            return
        due = (self._program(each.image, each.command, each.environment) for each in containers)
        self._warming = Warming(due, self._warm)

    def program(self, image: str) -> str:
        """The hash of the dependencies and the code of a component."""
        return self._programs[image]

    def _check(self, name: str, container: Container, package: Package) -> None:
        image = container.image
        pinned, here = ImageReference.parse(image).tag, package.dev_version()
        if image in self.released:
            if self.released[image].runs != package.content().runs:
                raise PinionError(
                    f"step {name!r} is pinned to {pinned} as it was released, and {here}, which is"
                    f" packaged here, is not that: run it in its image (--runner docker), or check"
                    f" out a commit that has {pinned} of it"
                )
        elif pinned != here:
            raise PinionError(
                f"step {name!r} is pinned to {pinned or image}, but {here} is packaged here;"
                " compile again (python -m pipelines.compile dev)"
            )
        if not _is_packaged(container.command):
            program = container.command[0] if container.command else "the image's entry point"
            raise PinionError(f"step {name!r} starts {program}, which only its image has")

    def run(self, call: Call) -> None:
        """Runs a task; the last line of its log is the reason where it fails."""
        with call.log.open("ab") as log:
            process = self._start(call, log)
            exit_code = process.wait()
        with self._changed:
            self._running.remove(process)
            self._changed.notify_all()
            if self._stopped:
                raise StoppedError
        if exit_code != 0:
            raise TaskFailedError(call.name, _reason(exit_code, call.log), call.log)

    def _start(self, call: Call, log: BinaryIO) -> "subprocess.Popen[bytes]":
        program = self._program(call.image, call.command, call.environment)
        # Whatever starts is seen by `stop`.
        with self._changed:
            if self._stopped:
                raise StoppedError
            process = self._warming.take(program, call) if self._warming else None
            if process is None:
                command = program.cold(call.command[1:])
                process = self._popen(program, command, subprocess.DEVNULL, log, log)
            self._running.append(process)
        return process

    def _warm(self, program: Program) -> "subprocess.Popen[bytes]":
        pipe = subprocess.PIPE
        return self._popen(program, program.warm(), pipe, pipe, subprocess.DEVNULL)

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
            preexec_fn=_die_with_parent,
        )

    def _program(self, image: str, command: Sequence[str], variables: Mapping[str, str]) -> Program:
        package, app = ImageReference.parse(image).component, self.environments[image]
        return Program(package, app, command[0].removeprefix(_APP), variables)

    def stop(self) -> None:
        """Ends steps and all they started: asked, so that they can close an MLflow run; killed."""
        if self._warming:
            self._warming.stop()
        with self._changed:
            self._stopped = True
            running = list(self._running)
        for sign in (signal.SIGTERM, signal.SIGKILL):
            for process in running:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, sign)
            with self._changed:
                self._changed.wait_for(lambda: not self._running, _GRACE_SECONDS)

    def _package(self, name: str, image: str) -> Package:
        component = ImageReference.parse(image).component
        if component not in self.packages:
            raise PinionError(
                f"step {name!r} runs {image}, and no component here is called {component!r};"
                f" components: {', '.join(sorted(self.packages))}"
            )
        return self.packages[component]


def _is_packaged(command: Sequence[str]) -> bool:
    return bool(command) and command[0].startswith(_APP) and ".." not in Path(command[0]).parts


_LIBC = ctypes.CDLL(None)


def _die_with_parent() -> None:
    # A killed runner cannot stop its steps; the kernel does. Linux only, as the images are. What
    # counts is the thread that started the step, which waits for it in `run`.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _reason(exit_code: int, log: Path) -> str:
    if exit_code < 0:
        return f"killed by {signal.Signals(-exit_code).name}"
    return f"{last_words(log)} (exit {exit_code})"
