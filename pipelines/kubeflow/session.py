"""Talk to a cluster on behalf of a command: prepare a file, and start, follow or stop its run."""

import sys
from collections.abc import Mapping, Set
from pathlib import Path
from shlex import quote
from time import sleep as pause

from pipelines.compiled import driver_rules
from pipelines.compiled.file import PipelineFile, steps_of
from pipelines.compiled.parameters import resolve
from pipelines.compiled.values import Value
from pipelines.console.command import ClusterFlags, RunFlags
from pipelines.kubeflow import runs
from pipelines.kubeflow.api.answers import RefusedError
from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.api.endpoint import find_endpoint
from pipelines.kubeflow.api.login import Login
from pipelines.kubeflow.api.patience import SECONDS
from pipelines.kubeflow.following.follow import COMMAND, follow_run, known_step, summary
from pipelines.kubeflow.following.tasks import Run, document, get
from pipelines.kubeflow.platform.apply import add_run_id, apply
from pipelines.kubeflow.platform.file import PlatformSettings
from pipelines.kubeflow.readiness import check
from pipelines.kubeflow.retries import tell_about_retries
from pipelines.kubeflow.runs import Submission
from pipelines.system.errors import PinionError, UsageError


def prepared(flags: RunFlags, file: PipelineFile) -> tuple[PipelineFile, Mapping[str, Value], str]:
    """Return the file with the platform's settings, a run's parameters, and its service account.

    Raises `PinionError` for every mistake that can be found before a request to the cluster.
    """
    parameters = resolve(file.parameters, flags.assignments, flags.parameters, flags.register)
    absent = file.parameters.keys() - parameters.keys()
    file, account = with_settings(flags.platform, flags.cached, file, absent)
    check(file, parameters)
    return file, parameters, flags.service_account or account


def with_settings(
    platform: Path | None, cached: bool, file: PipelineFile, absent: Set[str] = frozenset()
) -> tuple[PipelineFile, str]:
    """Return the file for runs on one cluster, and the service account of its platform file.

    `absent` are the parameters to which the run gives no value. Raises `PinionError` if the cluster
    could not run the file.
    """
    driver_rules.refuse(file, absent)
    account = ""
    if platform:
        settings = PlatformSettings.load(platform)
        file, account = apply(settings, file), settings.service_account
    file = add_run_id(file)
    return file if cached else file.uncached(), account


def connect(cluster: ClusterFlags) -> tuple[Api, str]:
    """Log in to the cluster; return its API and the namespace to work in, empty if it has only one.

    Raises `PinionError` if the cluster cannot be used.
    """
    endpoint = find_endpoint(cluster.endpoint)
    api = Api(endpoint, Login.of(cluster.user), SECONDS, pause)
    namespace = cluster.namespace or endpoint.namespace
    if not api.connect():
        if cluster.namespace:
            print(f"{endpoint.address} is not in multi-user mode: --namespace is ignored",
                  file=sys.stderr)  # fmt: skip
        return api, ""
    if not namespace:
        raise UsageError(
            f"{endpoint.address} has a namespace for each user: name yours with --namespace"
            " (the dashboard shows it at the top)"
        )
    return api, namespace


def submit(
    cluster: ClusterFlags,
    path: Path,
    asked: str,
    experiment: str,
    flags: RunFlags,
    wait: bool,
    shown: str | None,
) -> None:
    """Start a run of a compiled file, and follow it to its end or say how to.

    The run is named as asked, or else after the pipeline. `shown` is as in `follow`. Raises
    `PinionError` if it fails.
    """
    file, parameters, account = prepared(flags, PipelineFile.load(path))
    name, shown = runs.unique_name(asked, file), known_step(shown, file.steps)
    api, namespace = connect(cluster)
    tell_about_retries(api, file)
    submission = Submission(file, parameters, name, experiment, namespace, account)
    run = _started(api, submission)
    if wait:
        follow_run(api, run, namespace, shown, file.document())
        return
    print(summary(api, run, namespace))
    print(f"follow     {COMMAND} --follow {run.id}")


def follow(cluster: ClusterFlags, known: str, shown: str | None) -> None:
    """Follow a run, by id or name, to its end; raise `PinionError` if it fails.

    `shown` is the step whose log is printed, empty for the steps that fail, or None.
    """
    api, run, namespace = _found(cluster, known)
    file = document(api, run)
    follow_run(api, run, namespace, known_step(shown, steps_of(file)), file)


def stop(cluster: ClusterFlags, known: str) -> None:
    """Ask the cluster to stop a run, by id or name; say so if it has ended before."""
    api, run, _ = _found(cluster, known)
    try:
        if not run.ended:
            runs.stop(api, run.id)
            print(f"asked the cluster to stop run {run.name!r} ({run.id})")
            return
    except RefusedError:
        # It may have ended meanwhile; KFP's own answer is about a row of its database.
        run = get(api, run.id)
        if not run.ended and not run.stopped:
            raise
    end = f"has already ended: {run.word}" if run.ended else "is already being stopped"
    print(f"run {run.name!r} ({run.id}) {end}")


def _found(cluster: ClusterFlags, known: str) -> tuple[Api, Run, str]:
    if not known:
        raise UsageError("--follow and --stop need the id or name of a run, which is empty here")
    api, namespace = connect(cluster)
    return api, runs.find(api, known, namespace), namespace


def _started(api: Api, submission: Submission) -> Run:
    try:
        return runs.start(api, submission)
    except (PinionError, KeyboardInterrupt) as error:
        # A refusal means that there is no run; without an answer there may be one.
        if not isinstance(error, UsageError | RefusedError):
            print(
                f"run {submission.name!r} may or may not have started;"
                f" check with: {COMMAND} --follow {quote(submission.name)}",
                file=sys.stderr,
            )
        raise
