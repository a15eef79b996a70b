"""Connect to a cluster, and prepare a compiled file for it, on behalf of a command."""

import argparse
import sys
from collections.abc import Mapping
from time import sleep as pause

from pipelines.compiled.file import PipelineFile
from pipelines.compiled.parameters import resolve
from pipelines.compiled.unfilled import refuse_unfilled
from pipelines.compiled.values import Value
from pipelines.kubeflow.api.client import Api
from pipelines.kubeflow.api.endpoint import find_endpoint
from pipelines.kubeflow.api.login import Login
from pipelines.kubeflow.api.patience import SECONDS
from pipelines.kubeflow.platform.apply import apply, tell_run
from pipelines.kubeflow.platform.file import PlatformSettings
from pipelines.kubeflow.readiness import check
from pipelines.system.errors import UsageError


def prepared(
    args: argparse.Namespace, file: PipelineFile
) -> tuple[PipelineFile, Mapping[str, Value], str]:
    """Return the file with the platform's settings, the run's parameters and its service account.

    Raises `PinionError` for every mistake that can be found before a request to the cluster.
    """
    parameters = resolve(file.parameters, args.param, args.params, args.register)
    file, account = with_settings(args, file)
    check(file, parameters)
    return file, parameters, args.service_account or account


def with_settings(args: argparse.Namespace, file: PipelineFile) -> tuple[PipelineFile, str]:
    """Return the file for runs on one cluster, and the service account of its platform file.

    Raises `PinionError` if the cluster could not run the file.
    """
    refuse_unfilled(file)
    account = ""
    if args.platform:
        settings = PlatformSettings.load(args.platform)
        file, account = apply(settings, file), settings.service_account
    file = tell_run(file)
    return file.uncached() if args.no_cache else file, account


def connect(args: argparse.Namespace) -> tuple[Api, str]:
    """Log in to the cluster; return its API and the namespace to work in, empty if it has only one.

    Raises `PinionError` if the cluster cannot be used.
    """
    endpoint = find_endpoint(args.endpoint)
    api = Api(endpoint, Login.of(args.user), SECONDS, pause)
    namespace = args.namespace or endpoint.namespace
    if not api.connect():
        if args.namespace:
            print(f"{endpoint.address} is not in multi-user mode: --namespace is ignored",
                  file=sys.stderr)  # fmt: skip
        return api, ""
    if not namespace:
        raise UsageError(
            f"{endpoint.address} has a namespace for each user: name yours with --namespace"
            " (the dashboard shows it at the top)"
        )
    return api, namespace
