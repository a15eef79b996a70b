"""Walk the README's commands on the cluster of kubectl's current context: `tests/cluster/run`."""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.cluster.scene import FailedError, Place, Scene, forwarded, scene, uncommitted
from tests.cluster.tidy import tidy
from tests.cluster.walk import FIRST, WALK

PASSED, FAILED, LEFT_OUT = "passed", "FAILED", "not run"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's flags."""
    parser = argparse.ArgumentParser(prog="tests/cluster/run", description=__doc__)
    parser.add_argument(
        "--registry",
        required=True,
        metavar="ADDRESS",
        help="registry to publish to, from which the nodes pull, such as localhost:5000",
    )
    parser.add_argument(
        "--endpoint",
        default=os.environ.get("KFP_ENDPOINT", ""),
        metavar="ADDRESS",
        help="KFP's address (default: KFP_ENDPOINT, else kubectl's current context)",
    )
    parser.add_argument("--namespace", default="", metavar="NAME", help="namespace of the user")
    parser.add_argument(
        "--mlflow",
        default="http://mlflow.mlflow:5000",
        metavar="URI",
        help="MLflow as the steps reach it (default: %(default)s)",
    )
    parser.add_argument(
        "--mlflow-here",
        default="",
        metavar="URI",
        help="the same server as this machine reaches it (default: a port-forward to the service)",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=[name for name in WALK if name not in FIRST],
        metavar="STEP",
        help=f"leave out a step: {', '.join(name for name in WALK if name not in FIRST)}",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Walk, print the table, and return 1 if a step failed."""
    args = build_parser().parse_args(argv)
    if uncommitted():
        print("walking the last commit, without the changes of the working tree", file=sys.stderr)
    try:
        with _place(args) as place, scene(place) as walked:
            try:
                return walk(walked, args.without)
            finally:
                tidy(walked)
    except FailedError as error:
        print(f"tests/cluster/run: error: {error}", file=sys.stderr)
        return 1


@contextmanager
def _place(args: argparse.Namespace) -> Iterator[Place]:
    """Yield the addresses, with a way to the MLflow of the cluster if none was given."""
    if args.mlflow_here:
        yield Place(args.registry, args.endpoint, args.mlflow, args.mlflow_here, args.namespace)
        return
    # http://SERVICE.NAMESPACE:PORT
    host, _, port = args.mlflow.partition("://")[2].partition(":")
    service, _, namespace = host.partition(".")
    with forwarded(namespace.partition(".")[0], service, int(port or 80)) as here:
        yield Place(args.registry, args.endpoint, args.mlflow, here, args.namespace)


def walk(walked: Scene, without: Sequence[str]) -> int:
    """Take the steps in order, and print one line for each; return 1 if one failed."""
    lost, failed = False, False
    for name, check in WALK.items():
        began = time.monotonic()
        if lost or name in without:
            state, detail = LEFT_OUT, "an earlier step failed" if lost else "left out"
        else:
            try:
                state, detail = PASSED, check(walked)
            except FailedError as error:
                state, detail = FAILED, str(error)
        failed |= state == FAILED
        lost |= state == FAILED and name in FIRST
        took = f"{time.monotonic() - began:.0f} s"
        print(f"{name:<10} {state:<8} {took:>6}  {detail}", flush=True)
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
