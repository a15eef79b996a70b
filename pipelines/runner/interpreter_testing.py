"""Shared by the tests of the interpreter: pipelines that the KFP SDK compiles, really run."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kfp import compiler
from kfp.components import load_component_from_text

from pipelines.compiled import conditions, driver_rules, placeholders
from pipelines.compiled.container import Container
from pipelines.compiled.file import PipelineFile
from pipelines.compiled.graph import Pipeline
from pipelines.compiled.parameters import resolve
from pipelines.compiled.values import Value
from pipelines.runner.cache.cache import Cache
from pipelines.runner.cache.store import Store
from pipelines.runner.interpreter import Interpreter
from pipelines.runner.task.backend import Call, StoppedError, TaskFailedError

# The tracking URI of tasks that are given none; nothing connects to it.
STORE = "http://nobody:5000"
# Writes all arguments but the last as JSON to the path in the last one.
_RECORD = "import json, sys; json.dump(sys.argv[1:-1], open(sys.argv[-1], 'w'))"


class HostPrograms:
    """A backend that starts a task's command unchanged, with the kfp of the test itself."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.warmed: list[list[str]] = []
        self._running: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()
        self._stopped = False

    def prepare(self, steps: Iterable[tuple[str, Container]]) -> None:
        """Do nothing."""

    def warm(self, containers: Iterable[Container]) -> None:
        """Record the images."""
        self.warmed.append([each.image for each in containers])

    def program(self, image: str) -> str:
        """Return the image's name, because the command is the program."""
        return image

    def run(self, call: Call) -> None:
        """Run the command, as other backends do."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        modules = os.pathsep.join(sys.path)
        with self._lock:
            if self._stopped:
                raise StoppedError
            self.calls.append(call)
            with call.log.open("ab") as log:
                process = subprocess.Popen(
                    call.command,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "PATH": path, "PYTHONPATH": modules, **call.environment},
                    start_new_session=True,
                )
            self._running.append(process)
        code = process.wait()
        if self._stopped:
            raise StoppedError
        if code != 0:
            lines = call.log.read_text().splitlines()
            reason = lines[-1] if lines else "it printed nothing"
            raise TaskFailedError(call.name, f"{reason} (exit {code})", call.log)

    def close(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Kill all running tasks."""
        with self._lock:
            self._stopped = True
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Events:
    """An observer that records what it is told."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.waited: list[str] = []
        self.why: dict[str, str] = {}

    def waits(self, task: str) -> None:
        """Record that a task waits."""
        self.waited.append(task)

    def started(self, task: str, why: str = "") -> None:
        """Record that a task starts."""
        self.seen.append((task, "started"))
        self.why[task] = why

    def ended(self, task: str, state: str, why: str = "") -> None:
        """Record that a task ended."""
        self.seen.append((task, state))
        self.why.setdefault(task, why)

    def states(self) -> dict[str, str]:
        """Return how each task ended; raise `ValueError` if one ended twice."""
        ends = [event for event in self.seen if event[1] != "started"]
        if len(dict(ends)) != len(ends):
            raise ValueError(f"a task ended twice: {ends}")
        return dict(ends)


class Run:
    """One pipeline function, compiled by the SDK and run in a folder.

    What is `released` already runs here even if KFP refuses it.
    """

    def __init__(self, folder: Path, function: Any, jobs: int = 2, released: bool = False) -> None:
        folder.mkdir(exist_ok=True)
        compiler.Compiler().compile(function, str(folder / "pipeline.yaml"))
        self.backend, self.events, self.waits = HostPrograms(), Events(), list[float]()
        file = PipelineFile.load(folder / "pipeline.yaml")
        self.pipeline = Pipeline.of(file)
        placeholders.refuse_unknown(self.pipeline.graph.texts())
        conditions.check(self.pipeline.graph.conditions())
        if not released:
            driver_rules.refuse(file)
        self.interpreter = Interpreter(
            self.pipeline, folder / "run", self.backend, self.events, jobs
        )

    def reusing(self, root: Path, limit: int = 10**9) -> "Run":
        """Use the cache in the folder, of at most `limit` bytes."""
        name = self.interpreter.folder.parent.name
        self.interpreter.cache = Cache(Store(root), self.backend.program, STORE, name, limit)
        return self

    def without_waiting(self) -> "Run":
        """Wait between retries on a fake clock only."""
        self.interpreter.clock = lambda: sum(self.waits)
        self.interpreter.pause = self._pause
        return self

    async def _pause(self, seconds: float) -> None:
        self.waits.append(seconds)

    def __call__(self, **parameters: Value) -> "Run":
        """Run it; parameters that are not given have their defaults."""
        self.interpreter.run({**resolve(self.pipeline.parameters, [], None, None), **parameters})
        return self

    def output(self, task: str, output: str = "Output") -> Value:
        """Return an output parameter of a task."""
        return self.interpreter.outputs[task].parameters[output]

    def recorded(self, task: str, output: str = "out") -> Any:
        """Return the arguments that a `step` was given."""
        return json.loads(self.interpreter.outputs[task].artifacts[output].path.read_text())


def program(name: str, code: str, inputs: str, args: str, outputs: str = "[]") -> Any:
    """Return a container component that runs a Python program."""
    return load_component_from_text(f"""
name: {name}
inputs: {inputs}
outputs: {outputs}
implementation:
  container:
    image: pinion/{name}:1.0.0
    command: [{json.dumps(sys.executable)}, -c, {json.dumps(code)}]
    args: {args}
""")


def step(name: str, inputs: str, args: str, outputs: str = "[{name: out, type: Dataset}]") -> Any:
    """Return a container component that writes its arguments to the file in its last one."""
    return program(name, _RECORD, inputs, args, outputs)


TEXT_STEP = step(
    "text",
    "[{name: value, type: String, default: unset}]",
    "[{inputValue: value}, {outputPath: out}]",
)
