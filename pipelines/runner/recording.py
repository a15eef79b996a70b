"""Record a run for its page, and find runs whose runner was killed."""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from pipelines.compiled.graph import Graph, Pipeline, Task
from pipelines.compiled.task_names import ROOT, Place
from pipelines.compiled.values import Value
from pipelines.console.progress import Progress
from pipelines.pages.record import FILE, KILLED, RUNNING, RunRecord, StepRecord, load
from pipelines.pages.recorder import Recorder, write_run
from pipelines.pages.results import add_results
from pipelines.runner.summary import mlflow_place
from pipelines.runner.unfinished import goes_on
from pipelines.system.connections import without_secrets
from pipelines.system.task_state import State

# A run that was killed is looked for among so many.
_NEWEST = 200
_GONE = "the runner was killed; run it again: what had succeeded is cached"


def recorder(
    pipeline: Pipeline,
    what: tuple[str, str],
    parameters: Mapping[str, Value],
    folder: Path,
    tracking_uri: str,
    progress: Progress,
) -> Recorder:
    """Return the observer that keeps the page of a run; `what` is the release and the runner."""
    mark_killed(folder.parent)
    known = pipeline.parameters
    changed = {
        name: "" if default is None else default
        for name, value in parameters.items()
        if (default := known[name].default if name in known else None) != value
    }
    release, runner = what
    place = mlflow_place(parameters, folder.parent, tracking_uri)
    now = time.time()
    steps = list(_steps(pipeline.graph, ROOT, (), {}))
    # Addresses may contain passwords, and the page may be sent to others.
    shown = {
        name: without_secrets(value) if isinstance(value, str) else value
        for name, value in parameters.items()
    }
    record = RunRecord(
        folder.name, pipeline.name, release, runner, place, shown, changed, now, steps
    )
    return Recorder(progress, record, folder)


def mark_killed(runs: Path) -> None:
    """Correct the pages of runs that seem to go on although their runner is gone."""
    for file in sorted(runs.glob(f"*/{FILE}"))[-_NEWEST:]:
        # Somebody may remove it meanwhile, or keep it from us.
        with suppress(OSError):
            if record := _abandoned(file.parent):
                # As long as a run goes on, it is written every few seconds.
                ended = file.stat().st_mtime
                record.close(KILLED, _GONE, ended)
                for step in record.steps:
                    if step.state == State.RUNNING:
                        step.state, step.ended = KILLED, ended
                add_results(record, file.parent)
                write_run(record, file.parent, ended)


def _abandoned(folder: Path) -> RunRecord | None:
    """Return what is known of a run that has not ended although its runner is gone."""
    record = load(folder)
    if not record or record.state != RUNNING or goes_on(folder):
        return None
    # It may have ended between both looks: a run writes its end before it gives up its mark.
    record = load(folder)
    return record if record and record.state == RUNNING else None


def _steps(
    graph: Graph, place: Place, before: tuple[str, ...], given: Mapping[str, tuple[str, str]]
) -> Iterator[StepRecord]:
    """Yield the steps of a graph, which comes after the steps `before`.

    `given` are the steps, and their outputs, that the graph has its artifacts from.
    """
    tasks = {task.name: task for task in graph.tasks}
    for task in graph.tasks:
        names = [name for each in sorted(task.after) for name in _names(tasks[each], place)]
        made = {
            name: (place.name(source.task), source.name) if source.task else given[source.name]
            for name, source in task.artifacts.items()
            if source.task or source.name in given
        }
        # What comes first in a graph waits for what the graph itself waits for.
        first = names or [*before]
        after = tuple(dict.fromkeys([*first, *(step for step, _ in made.values())]))
        if isinstance(task.body, Graph):
            yield from _steps(task.body, place.within(task.name), after, made)
        else:
            inputs = [(name, *source) for name, source in made.items()]
            yield StepRecord(place.name(task.name), after, inputs)


def _names(task: Task, place: Place) -> list[str]:
    if isinstance(task.body, Graph):
        return [name for name, _ in task.body.steps(place.within(task.name))]
    return [place.name(task.name)]
