"""Refuse a file with a placeholder that nothing fills, because KFP's driver would fail at it.

The driver resolves a task's command and arguments from the inputs of the compiled task. A
component's defaults do not count, because only the launcher applies them later. See
`resolveContainerArgs` in KFP's `backend/src/v2/driver`.
"""

from collections.abc import Iterator, Mapping

from pipelines.compiled.file import PipelineFile
from pipelines.compiled.placeholders import parameters_of
from pipelines.system.errors import PinionError


def refuse_unfilled(file: PipelineFile) -> None:
    """Raise `PinionError` for the first parameter that a step needs and its task does not set."""
    for task, parameter in unfilled(file):
        raise PinionError(
            f"{file.path}: step {task!r} gets no value for its parameter {parameter!r}, and KFP"
            " does not use the component's default; set it in the pipeline, or compile the file"
            " again with this version of pipelines.compile, which writes defaults into it"
        )


def unfilled(file: PipelineFile) -> Iterator[tuple[str, str]]:
    """Yield the task and the parameter of every placeholder that the driver cannot resolve."""
    commands = _commands(file)
    graphs = (file.spec.root.dag, *(each.dag for each in file.spec.components.values()))
    for graph in graphs:
        for name, task in sorted(graph.tasks.items()):
            # A loop passes its item to the task as an additional input.
            given = {*task.inputs.parameters, task.parameter_iterator.item_input}
            for argument in commands.get(task.component_ref.name, ()):
                for parameter in parameters_of(argument, given | {*task.inputs.artifacts}):
                    if parameter not in given:
                        yield name, parameter


def _commands(file: PipelineFile) -> Mapping[str, tuple[str, ...]]:
    """Return the command and arguments of every component that runs a container, by name."""
    executors = file.deployment.executors
    return {
        name: (*executors[label].container.command, *executors[label].container.args)
        for name, component in file.spec.components.items()
        if (label := component.executor_label) in executors
    }
