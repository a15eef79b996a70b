"""Read a run as KFP's API reports it: its state, and a task for each node of Argo's workflow."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

from pipelines.kubeflow.api.answers import RefusedError
from pipelines.kubeflow.api.client import Api, identity
from pipelines.system import yaml_text
from pipelines.system.errors import PinionError
from pipelines.system.task_state import State

_ENDED = frozenset(state.name for state in State if state.ended)
_ATTEMPT = re.compile(r"^(.*)\((\d+)\)$")


@dataclass(frozen=True)
class Task:
    """A node of the workflow; the state is KFP's word, and empty if Argo left the node out.

    If Argo tried a node again, each attempt is a task of its own, as in `executor(1)`. `children`
    are ids of Argo's nodes: those of its attempts, those inside it, or those behind it. KFP does
    not report the id of the task's own node.
    """

    id: str
    name: str
    state: str
    states: tuple[str, ...]
    started: datetime | None
    ended: datetime | None
    children: tuple[str, ...]

    @classmethod
    def of(cls, detail: Any) -> "Task":
        """Convert the API's object."""
        return cls(
            str(detail.task_id or ""),
            str(detail.display_name or ""),
            str(detail.state or ""),
            tuple(str(each.state or "") for each in detail.state_history or []),
            _time(detail.start_time),
            _time(detail.end_time),
            tuple(str(each.pod_name) for each in detail.child_tasks or []),
        )

    @property
    def pending(self) -> bool:
        """Whether its pod has not started."""
        return self.state == State.PENDING.name

    @property
    def again(self) -> str:
        """The name of the node of which this is another attempt; empty if it is not."""
        match = _ATTEMPT.match(self.name)
        return match[1] if match and int(match[2]) else ""


@dataclass(frozen=True)
class Run:
    """A run; `document` is the pipeline file that it was started with."""

    id: str
    name: str
    state: str
    states: tuple[str, ...]
    tasks: tuple[Task, ...]
    document: Mapping[str, Any]
    version: tuple[str, str] = ("", "")

    @classmethod
    def of(cls, run: Any) -> "Run":
        """Convert the API's object; raise `PinionError` if it has no id."""
        details = run.run_details.task_details if run.run_details else None
        reference = run.pipeline_version_reference
        return cls(
            identity(run, "run_id"),
            str(run.display_name or ""),
            str(run.state or ""),
            tuple(str(each.state or "") for each in run.state_history or []),
            tuple(Task.of(each) for each in details or []),
            run.pipeline_spec if isinstance(run.pipeline_spec, dict) else {},
            (
                (str(reference.pipeline_id), str(reference.pipeline_version_id))
                if reference
                else ("", "")
            ),
        )

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self.state in _ENDED

    @property
    def succeeded(self) -> bool:
        """Whether it ended well."""
        return self.state == State.SUCCEEDED.name

    @property
    def stopped(self) -> bool:
        """Whether someone stopped it, or is stopping it: KFP reports its end as a failure."""
        return "CANCELING" in (*self.states, self.state) and not self.succeeded

    @property
    def word(self) -> str:
        """The state in the words of our commands."""
        if not self.stopped:
            return self.state.lower()
        return "stopped" if self.ended else "stopping"

    @property
    def settled(self) -> bool:
        """Whether the tasks have ended too: KFP may report them later than the run."""
        return self.ended and not any(
            task.state in (State.PENDING.name, State.RUNNING.name) for task in self.tasks
        )


def get(api: Api, run_id: str) -> Run:
    """Return the current state of a run."""
    return Run.of(api.persist(api.runs.run_service_get_run, run_id=run_id))


def document(api: Api, run: Run) -> Mapping[str, Any]:
    """Return the pipeline file of a run, which may be in a version; empty if KFP has it no more."""
    if run.document or not all(run.version):
        return run.document
    call = api.pipelines.pipeline_service_get_pipeline_version
    pipeline, version = run.version
    try:
        found = api.persist(call, pipeline_id=pipeline, pipeline_version_id=version)
    except RefusedError:
        # Someone deleted the version.
        return _left(api, run.id)
    return found.pipeline_spec if isinstance(found.pipeline_spec, dict) else {}


def _left(api: Api, run_id: str) -> Mapping[str, Any]:
    """Return the file that KFP's older API still has after the version was deleted."""
    try:
        answer = json.loads(api.text(f"/apis/v1beta1/runs/{run_id}"))
        found = yaml_text.documents(answer["run"]["pipeline_spec"]["pipeline_manifest"])
    except (PinionError, ValueError, LookupError, TypeError, yaml.YAMLError):
        return {}
    parts = [each for each in found if isinstance(each, dict)]
    return dict(zip(("pipeline_spec", "platform_spec"), parts, strict=False))


def _time(given: datetime | None) -> datetime | None:
    # KFP reports 1970 for what has not happened yet.
    return given if given and given.year > 1970 else None
