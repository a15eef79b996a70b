"""Start, find, inspect and stop runs on a cluster."""

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import kfp_server_api as kfp

from pipelines.compiled.file import PipelineFile
from pipelines.compiled.values import Value
from pipelines.kubeflow import versions
from pipelines.kubeflow.api.answers import RefusedError
from pipelines.kubeflow.api.client import Api, identity, named
from pipelines.kubeflow.descriptions import of_run
from pipelines.kubeflow.following.tasks import Run, get
from pipelines.system.errors import PinionError, UsageError

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONGEST_NAME = 200
# The states of a run that has not ended.
_GOING_ON = ("PENDING", "RUNNING", "PAUSED", "CANCELING")


@dataclass(frozen=True)
class Submission:
    """A run to start; its name is unique."""

    file: PipelineFile
    parameters: Mapping[str, Value]
    name: str
    experiment: str
    namespace: str
    service_account: str


def unique_name(asked: str, file: PipelineFile) -> str:
    """Return a unique name by which a run is found again; raise `UsageError` for a bad one."""
    name = asked or f"{file.name} {file.release}".strip()
    if not name.isprintable() or not name.strip() or len(name) > _LONGEST_NAME:
        raise UsageError(
            f"--run-name {asked!r} is not valid; use 1 to {_LONGEST_NAME} printable characters"
        )
    # Short, because the dashboard cuts long names; it shows the time beside them.
    return f"{name} {secrets.token_hex(4)}"


def start(api: Api, submission: Submission) -> Run:
    """Start a run, and never two, whichever answers get lost.

    If the file is a version on the cluster, the run is one of that version.
    """
    file = submission.file
    experiment = experiment_id(api, submission.experiment, submission.namespace)
    version = versions.equal(api, file, submission.namespace)
    run = kfp.V2beta1Run(
        display_name=submission.name,
        description=of_run(file, submission.parameters),
        experiment_id=experiment,
        # KFP takes one of the two.
        pipeline_spec=None if version else file.document(),
        pipeline_version_reference=version and kfp.V2beta1PipelineVersionReference(*version),
        runtime_config=kfp.V2beta1RuntimeConfig(parameters=dict(submission.parameters)),
        service_account=submission.service_account or None,
    )
    made = api.create(
        lambda: api.runs.run_service_create_run(run=run),
        lambda: _first(api, submission.name, experiment_id=experiment),
        unique=False,
    )
    return Run.of(made)


def find_experiment(api: Api, name: str, namespace: str) -> str:
    """Return the id of the experiment with a name, or an empty string."""
    call = api.experiments.experiment_service_list_experiments
    found = api.pages(call, "experiments", filter=named(name), namespace=namespace or None)
    experiment = _of_name(found, name)
    return identity(experiment, "experiment_id") if experiment else ""


def experiment_id(api: Api, name: str, namespace: str) -> str:
    """Return the id of the experiment with a name, and create it if necessary."""
    experiment = kfp.V2beta1Experiment(display_name=name, namespace=namespace or None)
    create = api.experiments.experiment_service_create_experiment
    return find_experiment(api, name, namespace) or api.create(
        lambda: identity(create(experiment=experiment), "experiment_id"),
        lambda: find_experiment(api, name, namespace) or None,
    )


def find(api: Api, name_or_id: str, namespace: str) -> Run:
    """Return a run by its id or its name; raise `PinionError` if there is none."""
    if _ID.fullmatch(name_or_id):
        try:
            return get(api, name_or_id)
        except RefusedError as error:
            if error.status != 404:
                raise
    if found := _first(api, name_or_id, namespace=namespace or None):
        return get(api, found.run_id)
    raise PinionError(
        f"{api.endpoint.address} has no run {name_or_id!r}"
        + (f" in namespace {namespace!r}" if namespace else "")
        + "; if the submission was interrupted before the run started, submit again"
    )


def going_on(api: Api, recurring_run_id: str, namespace: str) -> Run | None:
    """Return a run of a recurring run that has not ended, if there is one."""
    predicates = [
        {"operation": "EQUALS", "key": "recurring_run_id", "stringValue": recurring_run_id},
        {"operation": "IN", "key": "state", "stringValues": {"values": _GOING_ON}},
    ]
    call, filters = api.runs.run_service_list_runs, json.dumps({"predicates": predicates})
    for run in api.pages(call, "runs", filter=filters, namespace=namespace or None):
        # In case the server ignores the filter.
        if run.recurring_run_id == recurring_run_id and run.state in _GOING_ON:
            return Run.of(run)
    return None


def stop(api: Api, run_id: str) -> None:
    """Ask the cluster to end a run; it ends the running steps in its own time."""
    api.persist(api.runs.run_service_terminate_run, run_id=run_id)


def _first(api: Api, name: str, **scope: str | None) -> Any | None:
    call = api.runs.run_service_list_runs
    return _of_name(api.pages(call, "runs", filter=named(name), **scope), name)


def _of_name(things: Iterable[Any], name: str) -> Any | None:
    """Return the one with a name, in case the server ignores the filter."""
    return next((each for each in things if each.display_name == name), None)
