"""Carries out a pipeline: passes values and artifacts between its tasks, keeps its conditions.

How one container task is run is a `Backend`'s matter; what runs, and with which arguments, is only
in the compiled file.
"""

import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pipelines import placeholders, values
from pipelines.conditions import holds
from pipelines.errors import PinionError
from pipelines.graph import Constant, Container, FromParent, FromTask, Graph, Pipeline, Retry, Task
from pipelines.graph import full_name as name_of
from pipelines.limits import Limits
from pipelines.placeholders import Bindings
from pipelines.values import Value


@dataclass(frozen=True)
class Call:
    """One container task, ready to start; what it prints goes to `log`.

    `parameters` are its input parameters as text, `inputs` its input artifacts, which `command`
    has in it already; they say what a runner has to let it reach. It may write in `folder` alone.
    """

    name: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    parameters: Mapping[str, str]
    inputs: tuple[Path, ...]
    limits: Limits


class Backend(Protocol):
    """A way to run container tasks here, several at once."""

    def prepare(self, steps: Iterable[tuple[str, Container]]) -> None:
        """Readies the tasks of a run; raises `PinionError` for one that could not be started."""

    def run(self, call: Call) -> None:
        """Runs a task to its end, in the calling thread.

        Raises `TaskFailedError` on anything but success, `StoppedError` once `stop` was called.
        """

    def stop(self) -> None:
        """Ends what runs, from another thread, and returns when it has ended; nothing starts any more."""


class Observer(Protocol):
    """Whoever watches a run."""

    def started(self, task: str) -> None:
        """A task starts."""

    def ended(self, task: str, state: str) -> None:
        """A task ended: done, failed, skipped or stopped."""


class TaskFailedError(PinionError):
    """A task failed, for a reason, which is the message, with a log."""

    def __init__(self, task: str, reason: str, log: Path) -> None:
        super().__init__(f"step {task!r} failed: {reason} (log: {log})")
        self.task = task


class StoppedError(Exception):
    """A task was ended because the run was; not a failure of its own."""


@dataclass
class Values:
    """Named parameters and artifacts: the inputs or the outputs of a task."""

    parameters: dict[str, Value] = field(default_factory=dict)
    artifacts: dict[str, Path] = field(default_factory=dict)


@dataclass
class Interpreter:
    """One run of one pipeline in one folder; `outputs` fills up, by task."""

    pipeline: Pipeline
    folder: Path
    backend: Backend
    observer: Observer
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    outputs: dict[str, Values] = field(default_factory=dict)

    def run(self, parameters: Mapping[str, Value]) -> None:
        """Runs every task; raises `TaskFailedError` for the first that fails."""
        self._run_graph(self.pipeline.graph, Values(dict(parameters)), ())

    def _run_graph(self, graph: Graph, given: Values, parents: tuple[str, ...]) -> Values:
        done: dict[str, Values] = {}
        for task in graph.tasks:
            if task.after <= done.keys():
                inputs = _inputs(task, given, done)
                if not task.condition or holds(task.condition, inputs.parameters):
                    done[task.name] = self._run_task(task, inputs, parents)
                    continue
            self._skip(task, parents)
        return _outputs(graph, done)

    def _run_task(self, task: Task, inputs: Values, parents: tuple[str, ...]) -> Values:
        if isinstance(task.body, Graph):
            return self._run_graph(task.body, inputs, (*parents, task.name))
        name = name_of(parents, task.name)
        self.observer.started(name)
        try:
            outputs = self._run_container(name, task.body, task.retry, inputs)
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt)
            self.observer.ended(name, "stopped" if stopped else "failed")
            raise
        self.observer.ended(name, "done")
        self.outputs[name] = outputs
        return outputs

    def _skip(self, task: Task, parents: tuple[str, ...]) -> None:
        if isinstance(task.body, Graph):
            for inner in task.body.tasks:
                self._skip(inner, (*parents, task.name))
        else:
            self.observer.ended(name_of(parents, task.name), "skipped")

    def _run_container(
        self, name: str, container: Container, retry: Retry, inputs: Values
    ) -> Values:
        folder = self.folder / name
        run = self.folder.name
        bindings = Bindings(
            parameters=inputs.parameters,
            artifacts=inputs.artifacts,
            output_artifacts={key: folder / key for key in container.artifacts},
            output_parameters={key: folder / f"{key}.txt" for key in container.parameters},
            run={"pipeline_job_name": run, "pipeline_job_uuid": run, "pipeline_task_name": name},
        )
        call = Call(
            name=name,
            image=container.image,
            command=tuple(placeholders.resolve(container.command, bindings)),
            environment={
                name: placeholders.substitute(value, bindings)
                for name, value in container.environment.items()
            },
            folder=folder,
            log=self.folder / "logs" / f"{name}.log",
            parameters={key: values.to_text(value) for key, value in inputs.parameters.items()},
            inputs=tuple(inputs.artifacts.values()),
            limits=Limits(),
        )
        self._with_retries(call, retry)
        return _read_outputs(call, container, bindings)

    def _with_retries(self, call: Call, retry: Retry) -> None:
        wait, until = retry.wait, self.clock() + retry.in_all
        for attempts_left in range(retry.count, -1, -1):
            try:
                return self._attempt(call)
            except TaskFailedError:
                if not attempts_left or self.clock() + wait > until:
                    raise
            self.sleep(wait)
            wait *= retry.factor
        return None

    def _attempt(self, call: Call) -> None:
        # What a failed attempt left must not be taken for an output of this one.
        shutil.rmtree(call.folder, ignore_errors=True)
        call.folder.mkdir(parents=True)
        call.log.parent.mkdir(exist_ok=True)
        self.backend.run(call)


def _inputs(task: Task, given: Values, done: Mapping[str, Values]) -> Values:
    parameters = {
        name: parameter.default
        for name, parameter in task.inputs.items()
        if parameter.default is not None
    }
    for name, source in task.parameters.items():
        value = _value(source, given, done)
        if value is not None:
            parameters[name] = value
    inputs = Values(dict(parameters), _artifacts(task, given, done))
    # A constant text may name other inputs of its task: that is how KFP compiles an f-string.
    bindings = Bindings(parameters, inputs.artifacts, {}, {}, {})
    for name, source in task.parameters.items():
        if isinstance(source, Constant) and isinstance(source.value, str):
            inputs.parameters[name] = placeholders.substitute(source.value, bindings)
    return inputs


def _artifacts(task: Task, given: Values, done: Mapping[str, Values]) -> dict[str, Path]:
    artifacts = {}
    for name, source in task.artifacts.items():
        if isinstance(source, FromTask):
            artifacts[name] = done[source.task].artifacts[source.output]
        elif source.name in given.artifacts:
            artifacts[name] = given.artifacts[source.name]
    return artifacts


def _value(
    source: Constant | FromParent | FromTask, given: Values, done: Mapping[str, Values]
) -> Value | None:
    if isinstance(source, Constant):
        return source.value
    if isinstance(source, FromParent):
        return given.parameters.get(source.name)
    return done[source.task].parameters[source.output]


def _read_outputs(call: Call, container: Container, bindings: Bindings) -> Values:
    outputs = Values(artifacts=dict(bindings.output_artifacts))
    paths = {**bindings.output_artifacts, **bindings.output_parameters}
    for name, path in paths.items():
        if not path.exists():
            raise TaskFailedError(call.name, f"it ended well but wrote no {name!r}", call.log)
    for name, path in bindings.output_parameters.items():
        try:
            outputs.parameters[name] = values.parse(path.read_text(), container.parameters[name])
        except ValueError as error:
            raise TaskFailedError(call.name, f"its output {name!r}: {error}", call.log) from None
    return outputs


def _outputs(graph: Graph, done: Mapping[str, Values]) -> Values:
    """What a graph gives to the one around it; a task that was skipped gives nothing."""
    outputs = Values()
    for name, source in graph.parameters.items():
        if source.task in done:
            outputs.parameters[name] = done[source.task].parameters[source.output]
    for name, sources in graph.artifacts.items():
        for source in sources:
            if source.task in done:
                outputs.artifacts[name] = done[source.task].artifacts[source.output]
    return outputs
