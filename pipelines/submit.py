"""Run a compiled pipeline on a Kubeflow cluster: `python -m pipelines.submit`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from pipelines.console.command import (
    add_cluster_flags,
    add_run_flags,
    cluster_flags,
    run_command,
    run_flags,
)
from pipelines.system.errors import UsageError


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.submit", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--pipeline-file",
        type=Path,
        default=Path("pipeline.yaml"),
        metavar="FILE",
        help="compiled file to run (default: %(default)s)",
    )
    what.add_argument("--follow", metavar="RUN", help="follow an existing run, by id or name")
    what.add_argument("--stop", metavar="RUN", help="stop an existing run, by id or name")
    parser.add_argument(
        "--wait",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="show the steps until the run has ended, and fail if it failed (default: yes)",
    )
    parser.add_argument(
        "--run-name",
        default="",
        metavar="NAME",
        help="name of the run, to which a unique suffix is added (default: that of the pipeline)",
    )
    parser.add_argument(
        "--logs",
        nargs="?",
        const="",
        metavar="STEP",
        help="print the log of a step as soon as KFP serves it, without KFP's own lines (default:"
        " none; without STEP, the logs of the steps that fail, at the end)",
    )
    add_run_flags(parser)
    add_cluster_flags(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    args = build_parser().parse_args(argv)
    # Imported here, because the client of a cluster takes too long to import for --help.
    from pipelines.kubeflow import session

    if args.logs is not None and (args.stop is not None or not args.wait):
        raise UsageError(
            "--logs has no effect with --stop and --no-wait; give it with --follow RUN"
        )
    cluster = cluster_flags(args)
    if args.follow is not None:
        session.follow(cluster, args.follow, args.logs)
    elif args.stop is not None:
        session.stop(cluster, args.stop)
    else:
        session.submit(
            cluster,
            args.pipeline_file,
            args.run_name,
            args.experiment,
            run_flags(args),
            args.wait,
            args.logs,
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(run_command("pipelines.submit", main))
