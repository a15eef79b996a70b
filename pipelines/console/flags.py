"""The flags that several commands share."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DOCKER = "docker"
RUNNERS = ("process", DOCKER)


def add_runner_flags(parser: argparse.ArgumentParser, output: str) -> None:
    """The flags of the commands that run a pipeline here; `output` is the help of `--output`."""
    add_output_flag(parser, output)
    parser.add_argument(
        "--jobs", type=_jobs, default=len(os.sched_getaffinity(0)), metavar="N",
        help="how many steps may run at once (default: the usable cores, %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--runner", choices=RUNNERS, default=RUNNERS[0],
        help="how steps run: as processes on this machine, or in their images"
        " (default: %(default)s)",
    )  # fmt: skip


def add_output_flag(parser: argparse.ArgumentParser, text: str) -> None:
    """The flag of the commands that write runs here, or read what they left."""
    parser.add_argument(
        "--output", type=Path, default=Path("runs"), metavar="DIR",
        help=f"{text} (default: %(default)s)",
    )  # fmt: skip


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def add_cluster_flags(parser: argparse.ArgumentParser) -> None:
    """Which cluster, who asks, and for whom."""
    add_endpoint_flag(parser)
    parser.add_argument(
        "--user",
        metavar="NAME",
        help="log in through Dex; the password comes from KFP_PASSWORD, else it is asked for"
        " (without: KFP_TOKEN or KFP_COOKIE, where the cluster wants one)",
    )
    parser.add_argument(
        "--namespace",
        default="",
        metavar="NAME",
        help="of the user, where Kubeflow has several (default: that of kubectl's context)",
    )


@dataclass(frozen=True)
class ClusterFlags:
    """Which cluster is meant, who asks it, and for whom; None and empty are what is not given."""

    endpoint: str | None
    user: str | None
    namespace: str


def cluster_flags(args: argparse.Namespace) -> ClusterFlags:
    """Return what `add_cluster_flags` added."""
    return ClusterFlags(args.endpoint, args.user, args.namespace)


def add_run_flags(parser: argparse.ArgumentParser) -> None:
    """What runs are made with."""
    add_parameter_flags(parser)
    add_platform_flag(parser)
    parser.add_argument(
        "--experiment", default="Default", metavar="NAME",
        help="of KFP, which groups runs; made if it is not there (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--service-account",
        default="",
        metavar="NAME",
        help="that the steps run as (default: that of the platform file, else KFP's own)",
    )
    parser.add_argument(
        "--no-cache", action="store_true", help="run every step, whatever ran before"
    )


@dataclass(frozen=True)
class RunFlags:
    """What runs on a cluster are made with.

    `assignments` are parameters as NAME=VALUE, which stand over those of the file `parameters`.
    """

    assignments: Sequence[str]
    parameters: Path | None
    register: bool | None
    platform: Path | None
    service_account: str
    cached: bool


def run_flags(args: argparse.Namespace) -> RunFlags:
    """Return what `add_run_flags` added, but for the experiment."""
    return RunFlags(
        assignments=args.param,
        parameters=args.params,
        register=args.register,
        platform=args.platform,
        service_account=args.service_account,
        cached=not args.no_cache,
    )


def add_parameter_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of the commands that set parameters."""
    parser.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a pipeline parameter; repeatable",
    )
    parser.add_argument(
        "--params", type=Path, metavar="FILE", help="a YAML file of pipeline parameters"
    )
    parser.add_argument(
        "--register",
        action=argparse.BooleanOptionalAction,
        help="register the model when it passes its evaluation (default: no)",
    )


def add_platform_flag(parser: argparse.ArgumentParser) -> None:
    """The flag of the commands that write or send a pipeline for a cluster."""
    parser.add_argument(
        "--platform",
        type=Path,
        metavar="FILE",
        help="YAML with what the cluster gives the steps: cpu, memory, gpu, secrets, …",
    )


def add_endpoint_flag(parser: argparse.ArgumentParser) -> None:
    """The flag of the commands that ask a cluster."""
    parser.add_argument(
        "--endpoint",
        metavar="ADDRESS",
        help="of KFP, as in http://localhost:8080 or https://kubeflow.example.com/pipeline"
        " (default: KFP_ENDPOINT, else the current context of kubectl)",
    )


def add_tracking_flag(parser: argparse.ArgumentParser) -> None:
    """The flag of the commands that ask MLflow."""
    parser.add_argument(
        "--mlflow-tracking-uri",
        metavar="URI",
        help="where the models are (default: MLFLOW_TRACKING_URI, else runs/mlflow.db)",
    )


def add_server_flags(parser: argparse.ArgumentParser, port: int) -> None:
    """Add the flags that say what to look at, and where to listen."""
    add_output_flag(parser, "the folder of the runs and of the local MLflow store")
    add_tracking_flag(parser)
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS",
        help="the address to listen on (default: %(default)s, for this machine alone)",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=int, default=port, metavar="N",
        help="the port to listen on (default: %(default)s)",
    )  # fmt: skip
