"""Run a pipeline: pass values and artifacts between its tasks, and evaluate its conditions.

A `Backend` runs each container task; the compiled file alone says what runs, with which arguments.
Everything here happens in one thread, except for the container tasks themselves.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import dropwhile
from pathlib import Path
from typing import Protocol

from pipelines.compiled.conditions import holds
from pipelines.compiled.container import Container, Retry
from pipelines.compiled.graph import Graph, Loop, Pipeline, Task
from pipelines.compiled.task_names import ROOT, Place
from pipelines.compiled.values import Value
from pipelines.runner import inputs
from pipelines.runner.cache.cache import Cache, Claim, Reused
from pipelines.runner.outcomes import (
    BEHIND_A_FAILURE,
    CANCELED,
    NO_ITEMS,
    Outcome,
    blocked,
    collected,
    combined,
    failed,
    not_its_condition,
    outputs_of,
)
from pipelines.runner.scheduler import Scheduler
from pipelines.runner.task.backend import Backend, Call, StoppedError, TaskFailedError, Values
from pipelines.runner.task.launcher import Launcher
from pipelines.system.errors import PinionError
from pipelines.system.task_state import State

# Seconds between two checks of an equal task that another run is running.
_PATIENCE = 0.2


class Observer(Protocol):
    """An observer of a run, called from one thread only."""

    def waits(self, task: str) -> None:
        """Take note that a task waits for an equal one, to take its outputs."""

    def started(self, task: str, why: str = "") -> None:
        """Take note that a task starts; `why` says why it is not cached, if it could have been."""

    def ended(self, task: str, state: State, why: str = "") -> None:
        """Take note that a task ended; `why` says where it was cached, or why it was skipped."""


@dataclass
class Interpreter:
    """One run of a pipeline in a folder, `jobs` steps at once; `outputs` are by task, so far."""

    pipeline: Pipeline
    folder: Path
    backend: Backend
    observer: Observer
    jobs: int = 1
    cache: Cache | None = None
    # For the waits between retries; a test replaces them, so that no time passes.
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], Awaitable[None]] | None = None
    outputs: dict[str, Values] = field(default_factory=dict)
    _started: set[str] = field(default_factory=set, init=False)
    _warmed: bool = field(default=False, init=False)

    def run(self, parameters: Mapping[str, Value]) -> None:
        """Run every task that can run.

        Raises `TaskFailedError` for one failure and `PinionError` for several. If a signal stopped
        the run, raises `KeyboardInterrupt` once all tasks have ended.
        """
        asyncio.run(self._run(parameters))
        self._scheduler.close()
        if self._outcome.failures:
            raise failed(self._outcome.failures)

    def warm_ahead(self) -> None:
        """Let the backend prepare the first step that is surely not cached, and all after it."""
        ahead = dropwhile(self._may_be_cached, self.pipeline.graph.steps())
        if containers := [container for _, container in ahead]:
            self._warm(containers)

    def _may_be_cached(self, step: tuple[str, Container]) -> bool:
        name, container = step
        return self.cache is not None and not self.cache.lacks(name, container.image)

    async def _run(self, parameters: Mapping[str, Value]) -> None:
        self._launcher = Launcher(self.backend, self.folder)
        self._scheduler = Scheduler(self.jobs, self.backend.stop)
        self.warm_ahead()
        self._outcome = await self._scheduler.complete(
            self._run_graph(self.pipeline.graph, Values(dict(parameters)), ROOT)
        )

    async def _run_graph(self, graph: Graph, given: Values, place: Place) -> Outcome:
        tasks: dict[str, asyncio.Task[Outcome]] = {}
        for task in graph.tasks:
            tasks[task.name] = asyncio.create_task(
                self._run_task(task, given, {name: tasks[name] for name in task.after}, place)
            )
        outcomes = {name: await each for name, each in tasks.items()}
        return combined(outcomes.values(), outputs_of(graph, outcomes))

    async def _run_task(
        self, task: Task, given: Values, upstream: Mapping[str, Awaitable[Outcome]], place: Place
    ) -> Outcome:
        done = {name: await each for name, each in upstream.items()}
        if self._scheduler.stopped:
            return CANCELED
        if not task.always and (outcome := blocked(done)):
            return self._leave_out(task, place, outcome)
        return await self._guarded(task, place, self._decide(task, given, done, place))

    async def _guarded(self, task: Task, place: Place, work: Awaitable[Outcome]) -> Outcome:
        """Return the outcome of work, even if it fails; any other error ends the run."""
        name = place.name(task.name)
        try:
            return await work
        except StoppedError:
            return CANCELED
        except TaskFailedError as error:
            failure = error
        except PinionError as error:
            failure = TaskFailedError(name, str(error))
        except Exception as error:
            self._scheduler.fail(error)
            failure = TaskFailedError(name, repr(error))
        self.observer.ended(name, State.FAILED)
        if isinstance(task.body, Graph):
            self._leave_out(task, place, BEHIND_A_FAILURE)
        return Outcome(State.FAILED, failures=(failure,))

    async def _decide(
        self, task: Task, given: Values, done: Mapping[str, Outcome], place: Place
    ) -> Outcome:
        values = inputs.resolve(task, given, done, self._launcher.names(place.name(task.name)))
        if task.condition and not holds(task.condition, values.parameters):
            return self._leave_out(task, place, not_its_condition(task, done))
        if task.loop is None:
            return await self._run_body(task, values, place)
        items = inputs.items(task.loop, values)
        if not items:
            self._leave_out(task, place, NO_ITEMS)
        return await self._run_loop(task, task.loop, items, values, place)

    async def _run_loop(
        self, task: Task, loop: Loop, items: Sequence[Value], given: Values, place: Place
    ) -> Outcome:
        at_once = asyncio.Semaphore(loop.at_once or max(1, len(items)))

        async def iterate(index: int, item: Value) -> Outcome:
            here = place.iteration(index)
            values = Values({**given.parameters, loop.item: item}, given.artifacts)
            # It holds no slot of the scheduler: an iteration of an inner loop may need that slot.
            async with at_once:
                return await self._guarded(task, here, self._run_body(task, values, here))

        outcomes = await asyncio.gather(*(iterate(*each) for each in enumerate(items)))
        return combined(outcomes, collected(task.body.parameters, outcomes))

    async def _run_body(self, task: Task, values: Values, place: Place) -> Outcome:
        if isinstance(task.body, Graph):
            return await self._run_graph(task.body, values, place.within(task.name))
        name = place.name(task.name)
        call = self._launcher.call(name, task.body, values)
        found = await self._look(call, task, task.body, values)
        if isinstance(found, Reused):
            self.observer.ended(name, State.CACHED, found.why)
            self.outputs[name] = found.outputs
            return Outcome(State.SUCCEEDED, found.outputs)
        try:
            with found:
                outputs = await self._with_retries(call, task.retry, task.body, found)
        except StoppedError:
            if name in self._started:
                self.observer.ended(name, State.CANCELED)
            raise
        self.observer.ended(name, State.SUCCEEDED)
        self.outputs[name] = outputs
        return Outcome(State.SUCCEEDED, outputs)

    async def _look(
        self, call: Call, task: Task, container: Container, inputs: Values
    ) -> Reused | Claim:
        """Return the outputs of an equal task, or the claim to run this one."""
        if self.cache is None:
            return Claim()
        look = partial(self.cache.look, call, task, container, inputs)
        told = False
        # It holds no slot of the scheduler: the other task may need that slot.
        while not (found := await self._scheduler.run(look, lambda: None)):
            if not told:
                self.observer.waits(call.name)
            told = True
            await self._scheduler.pause(_PATIENCE)
        if isinstance(found, Claim) and found.missed:
            self._warm(
                step for name, step in self.pipeline.graph.steps() if name not in self.outputs
            )
        return found

    def _warm(self, containers: Iterable[Container]) -> None:
        """Tell the backend what runs next, once it is clear that it is not cached."""
        if not self._warmed:
            self._warmed = True
            self.backend.warm(containers)

    async def _with_retries(
        self, call: Call, retry: Retry, container: Container, claim: Claim
    ) -> Values:
        wait, until = retry.wait, self.clock() + retry.in_all
        for attempts_left in range(retry.count, -1, -1):
            try:
                return await self._scheduler.run(
                    partial(self._attempt, call, container, claim),
                    partial(self._start, call.name, claim.why),
                )
            except TaskFailedError:
                if not attempts_left or self.clock() + wait > until:
                    raise
            await (self.pause or self._scheduler.pause)(wait)
            wait *= retry.factor
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, call: Call, container: Container, claim: Claim) -> Values:
        outputs = self._launcher.attempt(call, container)
        claim.keep(call, outputs)
        return outputs

    def _start(self, name: str, why: str) -> None:
        if name not in self._started:
            self._started.add(name)
            self.observer.started(name, why)

    def _leave_out(self, task: Task, place: Place, outcome: Outcome) -> Outcome:
        if isinstance(task.body, Graph):
            for inner in task.body.tasks:
                self._leave_out(inner, place.within(task.name), outcome)
        elif outcome is not CANCELED:
            self.observer.ended(place.name(task.name), outcome.state, outcome.why)
        return outcome
