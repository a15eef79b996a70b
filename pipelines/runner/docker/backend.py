"""Run container tasks in their images, each in a container that reaches only what it needs."""

import contextlib
import csv
import getpass
import io
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipelines.compiled.container import Container, Limits
from pipelines.components.image import ImageReference
from pipelines.console.step_log import last_words
from pipelines.runner.docker.access import Access, with_profile
from pipelines.runner.docker.engine import Ended, Engine, EngineError
from pipelines.runner.task.arguments import are_long, from_file
from pipelines.runner.task.backend import Call, StoppedError, TaskFailedError
from pipelines.system.errors import PinionError

# The label of an image that itself needs no network.
_NETWORK = "dev.pinion.network"
_GRACE_SECONDS = 30
# The program of a component's image, a file of Python, and the interpreter beside it.
_COMMAND = "/app/pex"
_PYTHON = "/app/bin/python3"
# In the container, the only place outside its own folder that a step can write to.
_SCRATCH = "/tmp"  # noqa: S108
# Messages of Docker's init process, which starts the program.
_INIT = re.compile(r"\[FATAL +tini \(\d+\)\] ")
# A program does not end itself with the exit codes of these signals.
_KILLED = {
    128 + signal.Signals[name]: name
    for name in ("SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGKILL", "SIGSEGV")
}


@dataclass
class DockerBackend:
    """Start tasks in containers; `settings` are added to their environment variables.

    `build` builds images that no registry has: those of the working tree.
    """

    engine: Engine
    build: Callable[[Sequence[ImageReference]], None]
    settings: Mapping[str, str] = field(default_factory=dict)
    _isolated: dict[str, bool] = field(default_factory=dict, init=False)
    _programs: dict[str, str] = field(default_factory=dict, init=False)
    _active: set[str] = field(default_factory=set, init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, init=False)
    _stopped: bool = field(default=False, init=False)

    def prepare(self, steps: Iterable[tuple[str, Container]]) -> None:
        """Build or pull every image that is not on this machine.

        Raise `PinionError` if an image cannot be built or pulled, and for a step that needs a GPU.
        """
        self.engine.check()
        images: dict[str, str] = {}
        for name, container in steps:
            if container.accelerators:
                raise PinionError(
                    f"step {name!r} asks for {container.accelerators}, which this runner does not"
                    " provide; run the pipeline on a cluster"
                )
            images.setdefault(container.image, name)
        try:
            self._fetch(images)
            for image in images:
                labels = self.engine.labels(image) or {}
                self._isolated[image] = labels.get(_NETWORK) == "none"
                self._programs[image] = self.engine.image_id(image)
            self.engine.watch()
        except EngineError as error:
            raise PinionError(f"the Docker engine: {error}") from None

    def _fetch(self, images: Mapping[str, str]) -> None:
        missing = {image for image in images if self.engine.labels(image) is None}
        here = [image for image in sorted(missing) if not _has_registry(image)]
        if here:
            self.build([ImageReference.parse(image) for image in here])
        for image in sorted(missing.difference(here)):
            print(f"pulling {image}", file=sys.stderr)
            try:
                self.engine.pull(image)
            except EngineError as error:
                raise PinionError(
                    f"step {images[image]!r}: {image} is not on this machine and cannot be pulled:"
                    f" {error}; is the registry up, and are you logged in (docker login)?"
                ) from None

    def warm(self, containers: Iterable[Container]) -> None:
        """Do nothing: a container that waits would occupy the memory that it is limited to."""

    def program(self, image: str) -> str:
        """Return the image's id, which is a hash of everything in it."""
        return self._programs[image]

    def run(self, call: Call) -> None:
        """Run a task; if it fails, the reason is the last line of its log."""
        try:
            why = _failure(self._run(call), call)
        except EngineError as error:
            why = f"the Docker engine: {error}"
        if self._stopped:
            raise StoppedError
        if why:
            raise TaskFailedError(call.name, why, call.log)

    def _run(self, call: Call) -> Ended:
        with self._changed:
            if self._stopped:
                raise StoppedError
            self._active.add(call.name)
        try:
            environment = with_profile({**os.environ, **self.settings})
            access = Access.of(call, environment, self._isolated[call.image])
            container = self.engine.create(options(startable(call), access), environment)
            try:
                if self._stopped:
                    raise StoppedError
                return self.engine.attach(container, call.log)
            finally:
                self.engine.remove(container)
        finally:
            with self._changed:
                self._active.remove(call.name)
                self._changed.notify_all()

    def close(self) -> None:
        """Do nothing: only images were prepared, and they stay."""

    def stop(self) -> None:
        """End every step, even one whose container is just being created."""
        with self._changed:
            self._stopped = True
        while True:
            # The step may have ended by itself, or the engine may be gone; `run` reports both.
            with contextlib.suppress(EngineError):
                self.engine.stop(_GRACE_SECONDS)
            with self._changed:
                if self._changed.wait_for(lambda: not self._active, 1):
                    return


def startable(call: Call) -> Call:
    """Return a call whose arguments a command line can hold, if its program is a component's.

    Those that are too long for one are written into the call's folder, which the container shares.
    """
    if call.command[0] != _COMMAND or not are_long(call):
        return call
    return replace(call, command=(_PYTHON, *from_file(call, _COMMAND)))


def options(call: Call, access: Access) -> list[str]:
    """Return the call as options and arguments of `docker create`."""
    constants = {
        # The image does not know the user, so these would be missing or wrong.
        "HOME": _SCRATCH,
        "USER": getpass.getuser(),
        **call.environment,
    }
    taken = access.writable | access.readable
    return [
        f"--user={os.getuid()}:{os.getgid()}",
        # A source may be readable by only one of these groups.
        *(f"--group-add={group}" for group in os.getgroups()),
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--read-only",
        # A tmpfs would hide a store or a source that is this very folder.
        *([f"--tmpfs={_SCRATCH}:exec"] if Path(_SCRATCH) not in taken else []),
        f"--network={access.network}",
        f"--workdir={Path.cwd()}",
        *(f"--env={name}" for name in sorted(access.variables)),
        *(f"--env={name}={value}" for name, value in constants.items()),
        *(_mount(path) for path in sorted(access.writable)),
        *(_mount(path, "readonly") for path in sorted(access.readable - access.writable)),
        *_limits(call.limits),
        f"--entrypoint={call.command[0]}",
        call.image,
        *call.command[1:],
    ]


def _mount(path: Path, *more: str) -> str:
    # The option's value is a line of CSV, in which a path with a comma must be quoted.
    line = io.StringIO()
    csv.writer(line).writerow(["type=bind", f"source={path}", f"target={path}", *more])
    return f"--mount={line.getvalue().strip()}"


def _limits(limits: Limits) -> list[str]:
    memory, cpu = limits.memory, limits.cpu
    return [
        # Without swap, as on a cluster.
        *([f"--memory={memory}", f"--memory-swap={memory}"] if memory else []),
        # The engine refuses more cores than there are.
        *([f"--cpus={min(cpu, os.cpu_count() or 1):.3f}"] if cpu else []),
    ]


def _failure(ended: Ended, call: Call) -> str | None:
    limit = f"{call.limits.memory / 2**20:g} MiB" if call.limits.memory else "the machine's"
    if ended.error:
        return f"its image cannot start it: {ended.error.rpartition('exec: ')[2]}"
    if ended.exit_code == 0:
        return None
    if ended.out_of_memory:
        return f"it ran out of memory: its limit is {limit}; raise the limit, or use less data"
    if ended.exit_code in _KILLED:
        return f"killed by {_KILLED[ended.exit_code]}"
    reason = last_words(call.log)
    if lost := _INIT.match(reason):
        return f"its image cannot start it: {reason[lost.end():]}"
    return f"{reason} (exit {ended.exit_code})"


def _has_registry(image: str) -> bool:
    """Return whether an image's name holds a registry to pull it from; ours are not on the Hub."""
    first = image.partition("/")[0]
    return "@" in image or "." in first or ":" in first or first == "localhost"
