"""What a call of a command for a cluster comes to."""

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
    """The file with the platform's settings, the parameters of a run, and its service account.

    Raises `PinionError` for all that can be known to be wrong before a cluster is asked.
    """
    parameters = resolve(file.parameters, args.param, args.params, args.register)
    file, account = with_settings(args, file)
    check(file, parameters)
    return file, parameters, args.service_account or account


def with_settings(args: argparse.Namespace, file: PipelineFile) -> tuple[PipelineFile, str]:
    """The file for runs on one cluster, and the service account that its platform file names.

    Raises `PinionError` where the cluster could not run the file.
    """
    refuse_unfilled(file)
    account = ""
    if args.platform:
        settings = PlatformSettings.load(args.platform)
        file, account = apply(settings, file), settings.service_account
    file = tell_run(file)
    return file.uncached() if args.no_cache else file, account


def connect(args: argparse.Namespace) -> tuple[Api, str]:
    """The cluster's API, logged in, and the namespace to work in; empty where it has only one.

    Raises `PinionError` where it cannot be used.
    """
    endpoint = find_endpoint(args.endpoint)
    api = Api(endpoint, Login.of(args.user), SECONDS, pause)
    namespace = args.namespace or endpoint.namespace
    if not api.connect():
        if args.namespace:
            print(f"{endpoint.address} has no namespaces of users: --namespace is not needed",
                  file=sys.stderr)  # fmt: skip
        return api, ""
    if not namespace:
        raise UsageError(
            f"{endpoint.address} has a namespace for every user: name yours with --namespace"
            " (the dashboard shows it on its top)"
        )
    return api, namespace
