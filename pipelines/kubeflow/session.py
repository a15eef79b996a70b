"""Talk to a cluster on behalf of a command."""

import sys
from collections.abc import Mapping
from pathlib import Path
from time import sleep as pause

from pipelines.compiled.file import PipelineFile
from pipelines.compiled.parameters import resolve
from pipelines.compiled.unfilled import refuse_unfilled
from pipelines.compiled.values import Value
from pipelines.console.flags import ClusterFlags, RunFlags
from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.api.endpoint import find_endpoint
from pipelines.kubeflow.api.login import Login
from pipelines.kubeflow.api.patience import SECONDS
from pipelines.kubeflow.platform.apply import apply, tell_run
from pipelines.kubeflow.platform.file import PlatformSettings
from pipelines.kubeflow.readiness import check
from pipelines.system.errors import UsageError


def prepared(flags: RunFlags, file: PipelineFile) -> tuple[PipelineFile, Mapping[str, Value], str]:
    """Return the file with the platform's settings, a run's parameters, and its service account.

    Raises `PinionError` for all that can be known to be wrong before a cluster is asked.
    """
    parameters = resolve(file.parameters, flags.assignments, flags.parameters, flags.register)
    file, account = with_settings(flags.platform, flags.cached, file)
    check(file, parameters)
    return file, parameters, flags.service_account or account


def with_settings(
    platform: Path | None, cached: bool, file: PipelineFile
) -> tuple[PipelineFile, str]:
    """Return the file for runs on one cluster, and the service account of its platform file.

    Raises `PinionError` if the cluster could not run the file.
    """
    refuse_unfilled(file)
    account = ""
    if platform:
        settings = PlatformSettings.load(platform)
        file, account = apply(settings, file), settings.service_account
    file = tell_run(file)
    return file if cached else file.uncached(), account


def connect(cluster: ClusterFlags) -> tuple[Api, str]:
    """Return the cluster's API, logged in, and the namespace; empty if the cluster has only one.

    Raises `PinionError` if it cannot be used.
    """
    endpoint = find_endpoint(cluster.endpoint)
    api = Api(endpoint, Login.of(cluster.user), SECONDS, pause)
    namespace = cluster.namespace or endpoint.namespace
    if not api.connect():
        if cluster.namespace:
            print(f"{endpoint.address} has no namespaces of users: --namespace is not needed",
                  file=sys.stderr)  # fmt: skip
        return api, ""
    if not namespace:
        raise UsageError(
            f"{endpoint.address} has a namespace for every user: name yours with --namespace"
            " (the dashboard shows it on its top)"
        )
    return api, namespace
