"""Connect to a cluster, and prepare a compiled file for it, on behalf of a command."""

import sys
from collections.abc import Mapping
from pathlib import Path
from time import sleep as pause

from pipelines.compiled.file import PipelineFile
from pipelines.compiled.parameters import resolve
from pipelines.compiled.placeholders import refuse_unfilled
from pipelines.compiled.values import Value
from pipelines.console.flags import ClusterFlags, RunFlags
from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.api.endpoint import find_endpoint
from pipelines.kubeflow.api.login import Login
from pipelines.kubeflow.api.patience import SECONDS
from pipelines.kubeflow.platform.apply import add_run_id, apply
from pipelines.kubeflow.platform.file import PlatformSettings
from pipelines.kubeflow.readiness import check
from pipelines.system.errors import UsageError


def prepared(flags: RunFlags, file: PipelineFile) -> tuple[PipelineFile, Mapping[str, Value], str]:
    """Return the file with the platform's settings, a run's parameters, and its service account.

    Raises `PinionError` for every mistake that can be found before a request to the cluster.
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
