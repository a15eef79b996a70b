"""Run a command, end it with an exit code, and declare the flags that several commands share."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.system.errors import PinionError, Terminated, terminate


def run_command(name: str, command: Callable[[Sequence[str] | None], int]) -> int:
    """Call a command; turn an error that a user can fix into a line on stderr and an exit code."""
    signal.signal(signal.SIGTERM, terminate)
    try:
        code = command(None)
        # The work is done: a signal that arrives while Python exits must not change the exit code.
        _ignore_stops()
        return code
    except PinionError as error:
        return _fail(name, str(error), error.exit_code)
    except KeyboardInterrupt as error:
        # The command is ending already: another signal must not change its exit code.
        _ignore_stops()
        terminated = isinstance(error, Terminated)
        return _fail(name, *(("terminated", 143) if terminated else ("interrupted", 130)))
    except BrokenPipeError:
        # The reader of our output has gone, so there is nobody to tell. What is still buffered must
        # not fail again when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        where = f" {error.filename!r}" if error.filename else ""
        return _fail(name, f"{error.strerror or error}{where}", 1)


def _ignore_stops() -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)


def _fail(name: str, message: str, exit_code: int) -> int:
    print(f"{name}: error: {' '.join(message.split())}", file=sys.stderr)
    return exit_code


DOCKER = "docker"
RUNNERS = ("process", DOCKER)


def add_runner_flags(parser: argparse.ArgumentParser, output: str) -> None:
    """Add the flags of commands that run a pipeline here; `output` is the help of `--output`."""
    add_output_flag(parser, output)
    parser.add_argument(
        "--jobs", type=_jobs, default=len(os.sched_getaffinity(0)), metavar="N",
        help="number of steps that may run at once (default: the available cores, %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--runner", choices=RUNNERS, default=RUNNERS[0],
        help="how steps run: as processes on this machine, or in their images"
        " (default: %(default)s)",
    )  # fmt: skip


def add_output_flag(parser: argparse.ArgumentParser, text: str) -> None:
    """Add the flag of commands that write or read the folder of runs."""
    parser.add_argument(
        "--output", type=Path, default=Path("runs"), metavar="DIR",
        help=f"{text} (default: %(default)s)",
    )  # fmt: skip


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number, such as 2")
    return int(text)


def add_cluster_flags(parser: argparse._ActionsContainer) -> None:
    """Add the flags for the cluster, the user who logs in, and the namespace."""
    parser.add_argument(
        "--endpoint",
        metavar="ADDRESS",
        help="KFP's address, such as http://localhost:8080 or https://kubeflow.example.com/pipeline"
        " (default: KFP_ENDPOINT, else the current context of kubectl)",
    )
    parser.add_argument(
        "--user",
        metavar="NAME",
        help="user to log in as through Dex, with the password from KFP_PASSWORD or a prompt"
        " (default: no Dex; KFP_TOKEN or KFP_COOKIE is sent if set)",
    )
    parser.add_argument(
        "--namespace",
        default="",
        metavar="NAME",
        help="namespace of the user, if Kubeflow has several (default: that of kubectl's context)",
    )


@dataclass(frozen=True)
class ClusterFlags:
    """The cluster's address, the user who logs in, the namespace; None or empty if not given."""

    endpoint: str | None
    user: str | None
    namespace: str


def cluster_flags(args: argparse.Namespace) -> ClusterFlags:
    """Return the values of the flags of `add_cluster_flags`."""
    return ClusterFlags(args.endpoint, args.user, args.namespace)


def add_run_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that define a run: parameters, platform, experiment, account and cache."""
    add_parameter_flags(parser)
    add_platform_flag(parser)
    parser.add_argument(
        "--experiment", default="Default", metavar="NAME",
        help="KFP experiment to put the run in; created if missing (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--service-account",
        default="",
        metavar="NAME",
        help="service account of the steps (default: that of the platform file, else KFP's own)",
    )
    parser.add_argument(
        "--no-cache", action="store_true", help="run every step, even if its result is cached"
    )


@dataclass(frozen=True)
class RunFlags:
    """The settings of a run on a cluster.

    `assignments` are parameters as NAME=VALUE; they win over those in the file `parameters`.
    """

    assignments: Sequence[str]
    parameters: Path | None
    register: bool | None
    platform: Path | None
    service_account: str
    cached: bool


def run_flags(args: argparse.Namespace) -> RunFlags:
    """Return the values of the flags of `add_run_flags`, except the experiment."""
    return RunFlags(
        assignments=args.param,
        parameters=args.params,
        register=args.register,
        platform=args.platform,
        service_account=args.service_account,
        cached=not args.no_cache,
    )


def add_parameter_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of commands that set pipeline parameters."""
    parser.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="pipeline parameter; may be given several times",
    )
    parser.add_argument(
        "--params", type=Path, metavar="FILE", help="YAML file of pipeline parameters"
    )
    parser.add_argument(
        "--register",
        action=argparse.BooleanOptionalAction,
        help="register the model when it passes its evaluation (default: no)",
    )


def add_platform_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag of commands that write or send a pipeline for a cluster."""
    parser.add_argument(
        "--platform",
        type=Path,
        metavar="FILE",
        help="YAML file of what the cluster gives the steps: cpu, memory, gpu, secrets, …",
    )


def add_tracking_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag of commands that talk to MLflow."""
    parser.add_argument(
        "--mlflow-tracking-uri",
        metavar="URI",
        help="MLflow store of the models (default: MLFLOW_TRACKING_URI, else runs/mlflow.db)",
    )


def add_server_flags(parser: argparse.ArgumentParser, port: int) -> None:
    """Add the flags for what a local server shows, and for the address that it listens on."""
    add_output_flag(parser, "folder of the runs and of the local MLflow store")
    add_tracking_flag(parser)
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS",
        help="address to listen on (default: %(default)s, reachable from this machine only)",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=int, default=port, metavar="N",
        help="port to listen on (default: %(default)s)",
    )  # fmt: skip
