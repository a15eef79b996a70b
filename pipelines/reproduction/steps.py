"""The steps of a pipeline, at any depth, with the sources of their inputs in the whole pipeline."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipelines.compiled.container import Container
from pipelines.compiled.graph import Graph, Pipeline, Task
from pipelines.compiled.input_sources import Constant, FromGraph, Parameter, Source
from pipelines.compiled.task_names import ROOT, Place
from pipelines.components.image import ImageReference


@dataclass(frozen=True)
class Step:
    """A step, by its component and its full name.

    The sources of its inputs are constants, parameters of the pipeline, and outputs of other steps
    by their full names. A source that depends on the run, such as the item of a loop, is left out.
    """

    component: str
    name: str
    declared: Mapping[str, Parameter]
    parameters: Mapping[str, Source]
    artifacts: Mapping[str, FromGraph]


def steps_of(pipeline: Pipeline) -> Iterator[Step]:
    """Yield the steps in the order of a run."""
    given = {name: FromGraph("", name) for name in pipeline.parameters}
    yield from _Level(pipeline.graph, ROOT, given).steps()


@dataclass(frozen=True)
class _Level:
    """A graph within the pipeline; `given` are the sources of its own inputs."""

    graph: Graph
    place: Place
    given: Mapping[str, Source] = field(default_factory=dict)

    def steps(self) -> Iterator[Step]:
        for task in self.graph.tasks:
            parameters, artifacts = self._traced(task.parameters), self._traced(task.artifacts)
            if isinstance(task.body, Graph):
                inner = self.place.within(task.name)
                yield from _Level(task.body, inner, {**parameters, **artifacts}).steps()
            else:
                yield _step(task, task.body, self.place, parameters, artifacts)

    def _traced(self, sources: Mapping[str, Source]) -> dict[str, Source]:
        traced = {name: self._origin(source) for name, source in sources.items()}
        return {name: source for name, source in traced.items() if source is not None}

    def _origin(self, source: Source) -> Source | None:
        """Return where a value comes from in the whole pipeline; None if that is not one place."""
        if isinstance(source, Constant):
            return source
        if not isinstance(source, FromGraph) or source.member:
            return None
        if not source.task:
            return self.given.get(source.name)
        task = next(each for each in self.graph.tasks if each.name == source.task)
        if not isinstance(task.body, Graph):
            return FromGraph(self.place.name(task.name), source.name)
        outputs = {**task.body.parameters, **task.body.artifacts}[source.name]
        inner = _Level(task.body, self.place.within(task.name), self._traced(task.parameters))
        return inner._origin(outputs[0]) if len(outputs) == 1 else None


def _step(
    task: Task,
    container: Container,
    place: Place,
    parameters: Mapping[str, Source],
    artifacts: Mapping[str, Source],
) -> Step:
    component = ImageReference.parse(container.image).component
    files = {name: each for name, each in artifacts.items() if isinstance(each, FromGraph)}
    return Step(component, place.name(task.name), task.inputs, parameters, files)
