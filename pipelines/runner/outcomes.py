"""How a task ended, and with which outputs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from google.rpc import code_pb2

from pipelines.compiled.graph import Graph, Task
from pipelines.compiled.input_sources import FromGraph
from pipelines.compiled.values import Value
from pipelines.runner.task.backend import TaskFailedError, Values
from pipelines.system.errors import PinionError
from pipelines.system.task_state import State

# The most failures that one line names.
_NAMED = 3


@dataclass(frozen=True)
class Outcome:
    """How a task ended, its outputs, and its failures, including those of tasks inside it.

    `why` says why a task was skipped.
    """

    state: State
    outputs: Values = field(default_factory=Values)
    failures: tuple[TaskFailedError, ...] = ()
    why: str = ""

    def final_status(self, task: str, run: str) -> dict[str, Value]:
        """Return the value of an input of the type `PipelineTaskFinalStatus`."""
        return {
            "state": self.state.name,
            "error": (
                {"code": code_pb2.UNKNOWN, "message": str(failed(self.failures))}
                if self.failures
                else {}
            ),
            "pipelineJobResourceName": run,
            "pipelineTaskName": task,
        }


CANCELED = Outcome(State.CANCELED)
BEHIND_A_FAILURE = Outcome(State.SKIPPED, why="an earlier step failed")
NO_ITEMS = Outcome(State.SKIPPED, why="its loop has no items")


def combined(outcomes: Iterable[Outcome], outputs: Values) -> Outcome:
    """Return the outcome of a graph from its tasks, or of a loop from its iterations.

    It has outputs only if it succeeded.
    """
    outcomes = list(outcomes)
    failures = tuple(failure for outcome in outcomes for failure in outcome.failures)
    states = {outcome.state for outcome in outcomes}
    for state in (State.CANCELED, State.FAILED):
        if state in states:
            return Outcome(state, failures=failures)
    return Outcome(State.SUCCEEDED, outputs)


def outputs_of(graph: Graph, outcomes: Mapping[str, Outcome]) -> Values:
    """Return the outputs of a graph; a task that was skipped contributes none."""
    given = {name: outcome.outputs for name, outcome in outcomes.items()}
    return Values(
        {
            name: given[source.task].parameters[source.name]
            for name, sources in graph.parameters.items()
            for source in sources
            if source.name in given[source.task].parameters
        },
        {
            name: given[source.task].artifacts[source.name]
            for name, sources in graph.artifacts.items()
            for source in sources
            if source.name in given[source.task].artifacts
        },
    )


def collected(names: Iterable[str], iterations: Iterable[Outcome]) -> Values:
    """Return the outputs of a loop: under each name, the list of its iterations' outputs."""
    given = [outcome.outputs.parameters for outcome in iterations]
    return Values({name: [each[name] for each in given if name in each] for name in names})


def blocked(upstream: Mapping[str, Outcome]) -> Outcome | None:
    """Return the outcome of a task that its upstream tasks keep from running; None if it runs."""
    states = {outcome.state for outcome in upstream.values()}
    if State.CANCELED in states:
        return CANCELED
    if State.FAILED in states:
        return BEHIND_A_FAILURE
    return next((each for each in upstream.values() if each.state is State.SKIPPED), None)


def not_its_condition(task: Task, upstream: Mapping[str, Outcome]) -> Outcome:
    """Return the outcome of a task whose condition is false.

    A step whose output decides may give its reason as an output `why`.
    """
    for name, source in task.parameters.items():
        if isinstance(source, FromGraph) and f"'{name}'" in task.condition:
            decided = upstream.get(source.task)
            if decided and (why := decided.outputs.parameters.get("why")):
                return Outcome(State.SKIPPED, why=f"{source.task}: {why}")
    return Outcome(State.SKIPPED, why="its condition is false")


def failed(failures: tuple[TaskFailedError, ...]) -> PinionError:
    """Return one error for all failures of a run, as one line."""
    if len(failures) == 1:
        return failures[0]
    named = "; ".join(failure.account for failure in failures[:_NAMED])
    more = f"; and {len(failures) - _NAMED} more" if len(failures) > _NAMED else ""
    return PinionError(f"{len(failures)} steps failed: {named}{more}")
