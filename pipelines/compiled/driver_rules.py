"""Hold a compiled file to the rules of KFP's driver and launcher: what runs here runs there.

The rules are those of KFP 2.17, in its `backend/src/v2/driver` and `component`:

- The driver takes the inputs of a task from the compiled file (`resolveInputs`). `driver_arguments`
  has what it makes of them.
- It replaces the name of the run or the task only as a whole constant (`resolveInputParameter`).
"""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format

from pipelines.compiled import placeholders
from pipelines.compiled.driver_arguments import Arguments, Inputs, unfilled
from pipelines.compiled.file import PipelineFile
from pipelines.compiled.input_sources import strings
from pipelines.system.errors import PinionError

_IN_A_CONDITION = re.compile(r"inputs\.parameter_values\['([^']+)'\]")


@dataclass(frozen=True)
class Breach:
    """What KFP would fail at, or would run otherwise than this runner, in one step."""

    step: str
    reason: str

    def __str__(self) -> str:
        return f"step {self.step!r} {self.reason}"


def refuse(file: PipelineFile, absent: Set[str] = frozenset()) -> None:
    """Raise `PinionError` for the first breach of a rule.

    `absent` are the parameters of the pipeline to which a run gives no value.
    """
    for breach in breaches(file, absent):
        raise PinionError(f"{file.path}: {breach}")


def breaches(file: PipelineFile, absent: Set[str] = frozenset()) -> Iterator[Breach]:
    """Yield every breach of a rule in a file that is run without the parameters `absent`."""
    declared = file.spec.root.input_definitions
    given = frozenset(declared.parameters) - absent
    yield from _Walk(file).graph(
        file.spec.root.dag, Inputs(given, frozenset(declared.artifacts), absent)
    )


class _Walk:
    """One walk through the graphs of a file, each for every task that runs it."""

    def __init__(self, file: PipelineFile) -> None:
        self._components: Mapping[str, Any] = file.spec.components
        self._executors: Mapping[str, Any] = file.deployment.executors
        # Another check refuses a component that contains itself.
        self._inside: list[str] = []

    def graph(self, dag: Any, around: Inputs) -> Iterator[Breach]:
        for name, task in sorted(dag.tasks.items()):
            component = task.component_ref.name
            if component in self._components and component not in self._inside:
                self._inside.append(component)
                yield from self._task(name, task, self._components[component], around)
                self._inside.pop()

    def _task(self, name: str, task: Any, component: Any, around: Inputs) -> Iterator[Breach]:
        yield from (Breach(name, reason) for reason in _sources(task, component, around))
        inputs = _inputs(task, component, around)
        yield from (Breach(name, reason) for reason in _own(task, component, inputs))
        if component.HasField("dag"):
            yield from self.graph(component.dag, inputs)
        elif component.executor_label in self._executors:
            container = self._executors[component.executor_label].container
            reasons = Arguments(component.input_definitions, inputs).reasons(container)
            yield from (Breach(name, reason) for reason in reasons)


def _sources(task: Any, component: Any, around: Inputs) -> Iterator[str]:
    """Check that the graph around a task has what it takes from there."""
    declared = component.input_definitions.parameters
    for name, source in sorted(task.inputs.parameters.items()):
        wanted = source.component_input_parameter
        if wanted in around.absent and not (name in declared and declared[name].is_optional):
            yield (
                f"needs a value for its parameter {name!r}, and the pipeline's parameter"
                f" {wanted!r} has none; give --param {wanted}=VALUE"
            )
        elif wanted and wanted not in around.parameters | around.absent:
            yield f"takes the parameter {wanted!r}, which the pipeline around it does not have"
        yield from _constant(source.runtime_value.constant, task, component)
    for source in task.inputs.artifacts.values():
        wanted = source.component_input_artifact
        if wanted and wanted not in around.artifacts:
            yield f"takes the artifact {wanted!r}, which the pipeline around it is not given"


def _constant(message: Any, task: Any, component: Any) -> Iterator[str]:
    value = json_format.MessageToDict(message)
    for text in strings(value):
        for found in placeholders.found(text):
            name = found["input_parameter"]
            if found.lastgroup == "run" and found[0] != value:
                yield (
                    f"has {found[0]} inside the value {text!r}, and KFP replaces it only where it"
                    " is the whole value; pass it as a parameter of its own"
                )
            elif name and (component.HasField("dag") or name not in task.inputs.parameters):
                yield (
                    f"has {found[0]} inside the value {text!r}, and KFP does not replace it there;"
                    " let a step make the text"
                )


def _inputs(task: Any, component: Any, around: Inputs) -> Inputs:
    """Return the inputs that a task gets from KFP's driver."""
    sources = task.inputs.parameters
    absent = {name for name, each in sources.items() if _absent(each, around)}
    # A loop passes its item to the task as an additional input.
    given = {*sources, task.parameter_iterator.item_input} - absent - {""}
    if component.HasField("dag"):
        for name, declared in component.input_definitions.parameters.items():
            if name not in sources and declared.is_optional:
                (given if declared.HasField("default_value") else absent).add(name)
    artifacts = {*task.inputs.artifacts, task.artifact_iterator.item_input} - {""}
    return Inputs(given, artifacts, absent)


def _absent(source: Any, around: Inputs) -> bool:
    return source.component_input_parameter in around.absent


def _own(task: Any, component: Any, inputs: Inputs) -> Iterator[str]:
    """Check that a task gets what its component and its condition need."""
    if task.HasField("artifact_iterator"):
        yield "runs once for each artifact of a list, and KFP does not do that"
    for name, declared in sorted(component.input_definitions.parameters.items()):
        if not declared.is_optional and name not in inputs.parameters | inputs.absent:
            yield unfilled(name, declared.HasField("default_value"))
    for name in _IN_A_CONDITION.findall(task.trigger_policy.condition):
        if name not in inputs.parameters:
            yield f"has a condition on {name!r}, which it is not given"
