"""Say how a run ended: which step failed, why, and what to do about it."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines.console.decision import not_retrained
from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.following import logs, reasons, workflow
from pipelines.kubeflow.following.settings import given
from pipelines.kubeflow.following.steps import DRIVER, Step, drivers, executors, steps
from pipelines.kubeflow.following.tasks import Run
from pipelines.kubeflow.following.workflow import Node, Workflow
from pipelines.system.task_state import State

# The step that measures a model, and how the one that refuses it says so.
_EVALUATE, _REFUSED = "evaluate", "did not pass its evaluation"
# The step that decides whether to train, the one that it decides about, and the one that found the
# champion, which always runs.
_DECIDE, _TRAIN, _RESOLVE = "decide", "train", "resolve"
# How KFP calls the graph of a condition, with a number behind it.
_CONDITION = "condition-"
# How these steps print what they found out.
_WHY = re.compile(r"^why: (.*)$", re.M)
_CHAMPION = re.compile(r"^champion: (.*)$", re.M)
# What the launcher says if the step was killed.
_KILLED = "signal: killed"
# The address of an artifact of that first step, below the id of its run.
_MADE_IN = re.compile(rf"/([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})/{_EVALUATE}/")
# How KFP's driver of a condition says what the step that decides gave it.
_GIVEN_WHY = re.compile(rf'"pipelinechannel--{_DECIDE}-why": *("(?:[^"\\]|\\.)*")')
_UNFILLED = "not found in executor input"


@dataclass(frozen=True)
class Outcome:
    """A run that ended, and where to ask for reasons: KFP's API and Argo's account of the run."""

    api: Api
    run: Run
    names: Sequence[str]
    document: Mapping[str, Any]
    workflow: Workflow
    namespace: str

    def account(self) -> str:
        """Return how the run ended, in one line, with the reason of each step that failed."""
        if self.run.stopped:
            return "was stopped"
        if self.run.succeeded:
            return self.run.word
        found = dict.fromkeys(self._reasons())
        return f"{self.run.word}: {'; '.join(found)}" if found else self.run.word

    def verdict(self, account: str) -> list[str]:
        """Return the checks of a model that was refused, as the step that made them printed them.

        None, if the account of the run is about something else.
        """
        if _REFUSED not in account:
            return []
        own = logs.own_lines(self.log(_EVALUATE))
        # A step that was cached has no line of its own.
        lines = own or logs.own_lines(self._earlier_log())
        return [line for line in lines if ": progress: " not in line]

    def decision(self) -> str:
        """Return, in one line, why a run that ended well has trained nothing; empty if it has."""
        begun = {step.name for step in steps(self.run, self.names)}
        false = any(
            task.name.startswith(_CONDITION) and task.state == State.SKIPPED.name
            for task in self.run.tasks
        )
        if not (self.run.succeeded and false and _DECIDE in begun and _TRAIN not in begun):
            return ""
        known = replace(self, workflow=workflow.read(self.api, self.run.id) or self.workflow)
        why, champion = known.printed(_DECIDE, _WHY), known.printed(_RESOLVE, _CHAMPION)
        return not_retrained(why or known.given_why(), champion)

    def printed(self, step: str, wanted: re.Pattern[str]) -> str:
        """Return what a step printed behind a label; empty if it was cached."""
        found = wanted.search("\n".join(logs.own_lines(self.log(step))))
        return found[1] if found else ""

    def given_why(self) -> str:
        """Return the reason that a condition was given, cached or not; empty if unknown."""
        for node in self.workflow.nodes:
            if node.driver and (found := _GIVEN_WHY.search(self._read(node.names))):
                return str(json.loads(found[1]))
        return ""

    def failed(self) -> list[Step]:
        """Return the steps that failed."""
        return [step for step in steps(self.run, self.names) if step.state is State.FAILED]

    def log(self, step: str) -> str:
        """Return the log of the last pod of a step; empty if KFP does not give it."""
        if nodes := self.workflow.of(step):
            return self._read(nodes[-1].names)
        found = [each for each in steps(self.run, self.names) if each.name == step]
        return self._read(self._guesses(found[0])) if found else ""

    def _earlier_log(self) -> str:
        """Return the log of the run from which the measuring step was taken; empty if unknown.

        Only the driver of the step that reads the verdict knows that run, by the verdict's address.
        """
        refused = {step.base for step in self.failed()}
        readers = [node for node in self.workflow.nodes if node.driver and node.step in refused]
        found = _MADE_IN.search(self._read(readers[-1].names)) if readers else None
        made = (workflow.read(self.api, found[1]) if found else None) or Workflow()
        nodes = made.of(_EVALUATE)
        if not (found and nodes):
            return ""
        return logs.read(self.api, found[1], self.namespace, nodes[-1].names)

    def _reasons(self) -> Iterator[str]:
        failed = self.failed()
        nodes = {name: self.workflow.failed(name) for name in self.names}
        for step in failed:
            attempts = self.workflow.attempts(step.base)
            times = f" after {attempts} attempts" if attempts > 1 else ""
            # The number of a loop's item is ours, so any order of its pods will do.
            left = nodes[step.base]
            reason = self._why(step.base, left.pop() if left else None, step)
            yield f"step {step.name!r} failed{times}: {reason}"
        # KFP may not have come to report these.
        late = {name: left[-1] for name, left in nodes.items() if left}
        for name, node in late.items():
            yield f"step {name!r} failed: {self._why(name, node, None)}"
        # KFP starts a driver before the run and before each condition and loop, too.
        others = [] if failed or late else drivers(self.run, self.names)
        for task in others:
            name = task.name.removesuffix(DRIVER)
            found = self.workflow.failed(name)
            told = logs.fatal(self._read(found[-1].names if found else reversed(task.children)))
            yield f"KFP's driver of {name!r} failed: {_brief(told) or self._hint()}"
        if self.workflow.message and not (failed or late or others):
            yield f"Argo says: {self.workflow.message}"

    def _why(self, name: str, node: Node | None, step: Step | None) -> str:
        """Return why a step failed, of which Argo's account, KFP's, or both are known."""
        setting = given(self.document, name)
        driver = node.driver if node else step is not None and step.task.name.endswith(DRIVER)
        message = reasons.why_failed(node.message, name, setting) if node else ""
        if message and not driver:
            return message
        log = self._read(node.names if node else self._guesses(step) if step else ())
        fatal = logs.fatal(log)
        if driver:
            told = _brief(fatal) or (node.message if node else "")
            return f"KFP's driver could not prepare it: {told or self._hint(node)}"
        if own := logs.own_error(log):
            return own
        return reasons.killed(name, setting) if _KILLED in fatal else fatal or self._hint(node)

    def _guesses(self, step: Step) -> list[str]:
        """Return the nodes that may have the log of a step, by KFP's tasks alone."""
        if step.task.name.endswith(DRIVER):
            return list(reversed(step.task.children))
        tasks = [task for task in executors(self.run, step) if task.state == step.task.state]
        attempts = [node for task in tasks for node in reversed(task.children)]
        # Without retries, the executor is the first node within the step.
        return [*attempts, *step.task.children[:1]]

    def _read(self, nodes: Iterable[str]) -> str:
        return logs.read(self.api, self.run.id, self.namespace, nodes)

    def _hint(self, node: Node | None = None) -> str:
        return f"KFP does not give its log; see {kubectl(self.run.id, self.namespace, node)}"


def kubectl(run_id: str, namespace: str, node: Node | None = None) -> str:
    """Return the command that shows the log of a pod, or of every pod of a run."""
    if node:
        return f"kubectl logs -n {namespace} {node.pod} -c main"
    return f"kubectl logs -n {namespace} -l pipeline/runid={run_id} -c main --prefix --tail=-1"


def _brief(told: str) -> str:
    """Return what a driver says without its own call, which it repeats first."""
    _, _, reason = told.partition(") failed: ")
    reason = reason or told
    if _UNFILLED in reason:
        reason += "; it does not fill in defaults: compile the pipeline again, or make a release"
    return reason
