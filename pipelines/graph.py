"""A compiled pipeline as plain, typed objects: what its messages come to once they are read."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from pipelines import values
from pipelines.compiled import CompiledFile
from pipelines.errors import PinionError
from pipelines.values import Value


@dataclass(frozen=True)
class Parameter:
    """An input parameter: its KFP type, and its default where it has one."""

    kind: int
    default: Value | None
    optional: bool = False


@dataclass(frozen=True)
class Constant:
    """A value that the compiled file holds."""

    value: Value


@dataclass(frozen=True)
class FromParent:
    """An input of the graph that the task is in."""

    name: str


@dataclass(frozen=True)
class FromTask:
    """An output of another task of the same graph."""

    task: str
    output: str


@dataclass(frozen=True)
class Retry:
    """How often a failed task is tried again, the seconds between, and those for all of it."""

    count: int
    wait: float
    factor: float
    in_all: float


@dataclass(frozen=True)
class Container:
    """What a task runs; outputs are names, and for parameters their KFP types."""

    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    artifacts: tuple[str, ...]
    parameters: Mapping[str, int]


@dataclass(frozen=True)
class Task:
    """A node of a graph: its inputs and where they come from, and what it does."""

    name: str
    inputs: Mapping[str, Parameter]
    parameters: Mapping[str, Constant | FromParent | FromTask]
    artifacts: Mapping[str, FromParent | FromTask]
    after: frozenset[str]
    condition: str
    retry: Retry
    body: "Container | Graph"


@dataclass(frozen=True)
class Graph:
    """Tasks in an order in which they can run, and the outputs of the whole."""

    tasks: tuple[Task, ...]
    parameters: Mapping[str, FromTask]
    artifacts: Mapping[str, tuple[FromTask, ...]]

    def conditions(self) -> Iterator[str]:
        """Every condition, at whatever depth."""
        for task in self.tasks:
            if task.condition:
                yield task.condition
            if isinstance(task.body, Graph):
                yield from task.body.conditions()

    def texts(self) -> Iterator[str]:
        """Every text that may hold placeholders: of commands, environments and constants."""
        for task in self.tasks:
            if isinstance(task.body, Graph):
                yield from task.body.texts()
            else:
                yield from (*task.body.command, *task.body.environment.values())
            for source in task.parameters.values():
                if isinstance(source, Constant) and isinstance(source.value, str):
                    yield source.value

    def steps(self, parents: tuple[str, ...] = ()) -> Iterator[tuple[str, Container]]:
        """Every container task, by its full name."""
        for task in self.tasks:
            if isinstance(task.body, Graph):
                yield from task.body.steps((*parents, task.name))
            else:
                yield full_name(parents, task.name), task.body


@dataclass(frozen=True)
class Pipeline:
    """A whole pipeline; `parameters` are what a run can set."""

    name: str
    parameters: Mapping[str, Parameter]
    graph: Graph

    @classmethod
    def load(cls, path: Path) -> "Pipeline":
        """Reads a compiled file; raises `PinionError` for what is not one or not understood."""
        file = CompiledFile.load(path)
        try:
            graph = _graph(file, file.spec.root.dag)
            _check_names([name for name, _ in graph.steps()])
            if artifacts := sorted(file.spec.root.input_definitions.artifacts):
                raise ValueError(
                    f"it takes the artifact {artifacts[0]!r}, which none can give here"
                )
        except RecursionError:
            raise PinionError(
                f"{path}: not a compiled pipeline: a component holds itself"
            ) from None
        except (KeyError, ValueError) as error:
            raise PinionError(f"{path}: not a compiled pipeline: {error}") from error
        return cls(file.spec.pipeline_info.name, _inputs(file.spec.root), graph)


def full_name(parents: tuple[str, ...], task: str) -> str:
    """A task's name in its run, without the conditions it is under."""
    return ".".join([*(name for name in parents if not _CONDITION.fullmatch(name)), task])


# What KFP calls the graph of a condition; its tasks are numbered through with those around it.
_CONDITION = re.compile(r"condition(-branches)?-\d+")


def _check_names(names: list[str]) -> None:
    """Each step has a folder of its own in a run, beside that of the logs."""
    for name, count in Counter([*names, "logs"]).items():
        if count > 1:
            raise ValueError(f"more than one step would have the folder {name!r}")


def _graph(file: CompiledFile, dag: Any) -> Graph:
    tasks = {name: _task(file, name, dag.tasks[name]) for name in sorted(dag.tasks)}
    try:
        order = list(
            TopologicalSorter({name: sorted(tasks[name].after) for name in tasks}).static_order()
        )
    except CycleError as error:
        raise ValueError(f"tasks wait for each other: {' -> '.join(error.args[1])}") from error
    for task in tasks.values():
        _check_sources(task, tasks)
    return Graph(
        tuple(tasks[name] for name in order),
        {
            name: FromTask(source.producer_subtask, source.output_parameter_key)
            for name, output in dag.outputs.parameters.items()
            if (source := output.value_from_parameter)
        },
        {
            name: tuple(
                FromTask(source.producer_subtask, source.output_artifact_key)
                for source in output.artifact_selectors
            )
            for name, output in dag.outputs.artifacts.items()
        },
    )


def _check_sources(task: Task, tasks: Mapping[str, Task]) -> None:
    for source in (*task.parameters.values(), *task.artifacts.values()):
        if isinstance(source, FromTask):
            body = tasks[source.task].body
            if source.output not in {*body.parameters, *body.artifacts}:
                raise ValueError(f"task {source.task!r} has no output {source.output!r}")


def _task(file: CompiledFile, name: str, task: Any) -> Task:
    component = file.component(task.component_ref.name)
    inputs = _inputs(component)
    parameters = {
        key: _parameter_source(source, inputs.get(key))
        for key, source in task.inputs.parameters.items()
    }
    artifacts = {key: _artifact_source(source) for key, source in task.inputs.artifacts.items()}
    producers = [
        source.task
        for source in (*parameters.values(), *artifacts.values())
        if isinstance(source, FromTask)
    ]
    return Task(
        name=name,
        inputs=inputs,
        parameters=parameters,
        artifacts=artifacts,
        after=frozenset([*task.dependent_tasks, *producers]),
        condition=task.trigger_policy.condition,
        retry=_retry(task.retry_policy),
        body=(
            _graph(file, component.dag)
            if component.HasField("dag")
            else _container(file, component)
        ),
    )


def _inputs(component: Any) -> dict[str, Parameter]:
    return {
        name: Parameter(
            declared.parameter_type,
            (
                values.from_proto(declared.default_value, declared.parameter_type)
                if declared.HasField("default_value")
                else None
            ),
            declared.is_optional,
        )
        for name, declared in component.input_definitions.parameters.items()
    }


def _parameter_source(source: Any, declared: Parameter | None) -> Constant | FromParent | FromTask:
    if source.HasField("component_input_parameter"):
        return FromParent(source.component_input_parameter)
    if source.HasField("task_output_parameter"):
        produced = source.task_output_parameter
        return FromTask(produced.producer_task, produced.output_parameter_key)
    if declared is None:
        raise ValueError("a constant is given to an input that is not declared")
    return Constant(values.from_proto(source.runtime_value.constant, declared.kind))


def _artifact_source(source: Any) -> FromParent | FromTask:
    if source.HasField("component_input_artifact"):
        return FromParent(source.component_input_artifact)
    produced = source.task_output_artifact
    return FromTask(produced.producer_task, produced.output_artifact_key)


def _retry(policy: Any) -> Retry:
    seconds = policy.backoff_duration.ToTimedelta().total_seconds()
    in_all = policy.backoff_max_duration.ToTimedelta().total_seconds()
    return Retry(policy.max_retry_count, seconds, policy.backoff_factor or 1, in_all or math.inf)


def _container(file: CompiledFile, component: Any) -> Container:
    container = file.container(component.executor_label)
    outputs = component.output_definitions
    return Container(
        image=container.image,
        command=(*container.command, *container.args),
        environment={variable.name: variable.value for variable in container.env},
        artifacts=tuple(sorted(outputs.artifacts)),
        parameters={name: output.parameter_type for name, output in outputs.parameters.items()},
    )
