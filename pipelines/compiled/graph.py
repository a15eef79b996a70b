"""Read a compiled pipeline's messages into plain, typed objects."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from pipelines.compiled.allow_list import CompiledFile
from pipelines.compiled.container import Container, Retry
from pipelines.compiled.file import PipelineFile
from pipelines.compiled.input_sources import (
    Constant,
    FromGraph,
    Parameter,
    Source,
    producer,
    read_artifact_sources,
    read_parameter_sources,
    read_parameters,
    strings,
)
from pipelines.compiled.kfp_messages import spec
from pipelines.compiled.task_names import ROOT, Place
from pipelines.compiled.values import Value
from pipelines.system.errors import PinionError

_COMPLETED = spec.PipelineTaskSpec.TriggerPolicy.ALL_UPSTREAM_TASKS_COMPLETED


@dataclass(frozen=True)
class Loop:
    """A loop that runs a task for each item; the task gets the item as its input `item`.

    The items are a list in the compiled file, or the name of an input. At most `at_once` items run
    at the same time; 0 means all.
    """

    items: list[Value] | str
    item: str
    at_once: int


@dataclass(frozen=True)
class Task:
    """A node of a graph: its inputs, their sources, and what it runs.

    It runs when all tasks in `after` have succeeded or, if it is `always`, however they ended. If
    it is `cached`, it may take the outputs of an equal task that has the same `cache_key`.
    """

    name: str
    inputs: Mapping[str, Parameter]
    parameters: Mapping[str, Source]
    artifacts: Mapping[str, FromGraph]
    optional_artifacts: frozenset[str]
    after: frozenset[str]
    always: bool
    condition: str
    loop: Loop | None
    retry: Retry
    cached: bool
    cache_key: str
    body: "Container | Graph"


@dataclass(frozen=True)
class Graph:
    """Tasks in an order in which they can run, and the outputs of the graph.

    An output comes from the first of its sources that ran.
    """

    tasks: tuple[Task, ...]
    parameters: Mapping[str, tuple[FromGraph, ...]]
    artifacts: Mapping[str, tuple[FromGraph, ...]]

    def conditions(self) -> Iterator[str]:
        """Yield every condition, at any depth."""
        for task in self.tasks:
            if task.condition:
                yield task.condition
            if isinstance(task.body, Graph):
                yield from task.body.conditions()

    def texts(self) -> Iterator[str]:
        """Yield every text that may hold placeholders: those of containers and constants."""
        for task in self.tasks:
            yield from task.body.texts()
            for source in task.parameters.values():
                if isinstance(source, Constant):
                    yield from strings(source.value)

    def steps(self, place: Place = ROOT) -> Iterator[tuple[str, Container]]:
        """Yield every container task with its full name, which leaves out the items of loops."""
        for task in self.tasks:
            if isinstance(task.body, Graph):
                yield from task.body.steps(place.within(task.name))
            else:
                yield place.name(task.name), task.body


@dataclass(frozen=True)
class Pipeline:
    """A whole pipeline; `parameters` are what a run can set."""

    name: str
    parameters: Mapping[str, Parameter]
    graph: Graph

    @classmethod
    def load(cls, path: Path) -> "Pipeline":
        """Read a compiled file; raise `PinionError` if it is malformed or not supported."""
        return cls.of(PipelineFile.load(path))

    @classmethod
    def of(cls, read: PipelineFile) -> "Pipeline":
        """Return the pipeline of a compiled file; raise `PinionError` as `load` does."""
        file, path = CompiledFile.of(read), read.path
        try:
            graph = _graph(file, file.spec.root.dag)
            _check_names(list(graph.steps()))
            if artifacts := sorted(file.spec.root.input_definitions.artifacts):
                raise ValueError(
                    f"it takes the artifact {artifacts[0]!r}, and this runner has no way to give it"
                )
            parameters = read_parameters(file.spec.root)
        except RecursionError:
            raise PinionError(
                f"{path}: not a compiled pipeline: a component contains itself"
            ) from None
        except (KeyError, ValueError) as error:
            raise PinionError(f"{path}: cannot be run: {error}") from error
        return cls(file.spec.pipeline_info.name, parameters, graph)


def _check_names(steps: Sequence[tuple[str, Container]]) -> None:
    """Refuse names that cannot be folders of steps, beside the logs, and outputs in them."""
    names = [name for name, _ in steps]
    for name, count in Counter([*names, "logs"]).items():
        if count > 1:
            raise ValueError(f"the folder {name!r} is needed twice; rename the step")
    outputs = (name for _, step in steps for name in (*step.artifacts, *step.parameters))
    for name in (*names, *outputs):
        # A retry removes what the step left; such a name must not lead to files of others.
        if Path(name).name != name or name == ".." or "\0" in name:
            raise ValueError(f"{name!r} names a step or an output, but is not a valid file name")


def _graph(file: CompiledFile, dag: Any) -> Graph:
    tasks = {name: _task(file, name, dag.tasks[name]) for name in sorted(dag.tasks)}
    try:
        order = list(
            TopologicalSorter({name: sorted(tasks[name].after) for name in tasks}).static_order()
        )
    except CycleError as error:
        raise ValueError(
            f"its tasks depend on each other in a circle: {' -> '.join(error.args[1])}"
        ) from error
    for task in tasks.values():
        _check_sources(task, tasks)
    return Graph(
        tuple(tasks[name] for name in order),
        {name: _selected(output) for name, output in dag.outputs.parameters.items()},
        {
            name: tuple(
                FromGraph(source.producer_subtask, source.output_artifact_key)
                for source in output.artifact_selectors
            )
            for name, output in dag.outputs.artifacts.items()
        },
    )


def _selected(output: Any) -> tuple[FromGraph, ...]:
    one_of = output.value_from_oneof.parameter_selectors
    sources = one_of or [output.value_from_parameter]
    return tuple(FromGraph(each.producer_subtask, each.output_parameter_key) for each in sources)


def _check_sources(task: Task, tasks: Mapping[str, Task]) -> None:
    for source in (*task.parameters.values(), *task.artifacts.values()):
        if isinstance(source, FromGraph) and (source.task or not source.name):
            body = tasks[source.task].body
            if source.name not in {*body.parameters, *body.artifacts}:
                raise ValueError(f"task {source.task!r} has no output {source.name!r}")


def _task(file: CompiledFile, name: str, task: Any) -> Task:
    component = file.component(task.component_ref.name)
    inputs = read_parameters(component)
    parameters = read_parameter_sources(task, inputs)
    artifacts = read_artifact_sources(task)
    declared = component.input_definitions.artifacts
    producers = map(producer, (*parameters.values(), *artifacts.values()))
    retry = Retry.read(task.retry_policy)
    if retry.count and component.HasField("dag"):
        raise ValueError(
            f"task {name!r}: retrying a whole pipeline is not supported by this runner"
        )
    return Task(
        name=name,
        inputs=inputs,
        parameters=parameters,
        artifacts=artifacts,
        optional_artifacts=frozenset(key for key in declared if declared[key].is_optional),
        after=frozenset([*task.dependent_tasks, *filter(None, producers)]),
        always=task.trigger_policy.strategy == _COMPLETED,
        condition=task.trigger_policy.condition,
        loop=_loop(task),
        retry=retry,
        cached=task.caching_options.enable_cache,
        cache_key=task.caching_options.cache_key,
        body=(
            _graph(file, component.dag) if component.HasField("dag") else file.container(component)
        ),
    )


def _loop(task: Any) -> Loop | None:
    if not task.HasField("parameter_iterator"):
        return None
    written = task.parameter_iterator.items
    items = json.loads(written.raw) if written.raw else written.input_parameter
    if not isinstance(items, list | str):
        raise ValueError(f"a loop runs over {written.raw}, which is not a list")
    return Loop(
        items,
        task.parameter_iterator.item_input,
        task.iterator_policy.parallelism_limit,
    )
