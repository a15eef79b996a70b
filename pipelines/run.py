"""Run a pipeline on this machine, without a cluster: `python -m pipelines.run`."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.compiled.parameters import resolve
from pipelines.console.command import add_parameter_flags, add_runner_flags, run_command
from pipelines.pinning.compiler import DEV
from pipelines.runner.summary import evaluated, summarize
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace

if TYPE_CHECKING:
    from pipelines.runner.run import LocalRun


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.run", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--pipeline-file", type=Path, metavar="FILE", help="compiled file to run")
    what.add_argument(
        "--release",
        default=DEV,
        metavar="TAG",
        help="release to run, or dev for the working tree (default: %(default)s)",
    )
    add_parameter_flags(parser)
    parser.add_argument(
        "--default", action="append", default=[], metavar="NAME=VALUE",
        help="default of a pipeline parameter, instead of the pipeline's own; may be given several"
        " times",
    )  # fmt: skip
    add_runner_flags(parser, "folder of the runs and of the local MLflow store")
    parser.add_argument(
        "--no-cache", action="store_true",
        help="run every step, even if its result is cached, and cache nothing",
    )  # fmt: skip
    parser.add_argument(
        "--cache-size", type=_bytes, default="10G", metavar="BYTES",
        help="largest size of the cache, such as 500M or 10G (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    return parser


def _bytes(text: str) -> int:
    if not (match := re.fullmatch(r"(\d+)([kMGT]?)", text)):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a size; use a number with k, M, G or T, such as 500M"
        )
    return int(match[1]) * 1000 ** " kMGT".index(match[2] or " ")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    args = build_parser().parse_args(argv)
    # Imported here, because it takes too long to import for --help.
    from pipelines.runner.run import Request, declare, prepare

    request = Request(
        workspace=Workspace(),
        output=args.output,
        runner=args.runner,
        jobs=args.jobs,
        file=args.pipeline_file,
        release=args.release,
        cache_size=None if args.no_cache else args.cache_size,
        quiet=args.quiet,
    )
    declared = declare(request)
    known = declared.pipeline.parameters
    parameters = resolve(known, args.param, args.params, args.register, args.default)
    run = prepare(declared, parameters)
    try:
        run.execute()
    except PinionError:
        # If registration was refused, the verdict on the model is worth reading.
        if evaluated(run.outputs):
            print(_summary(run), flush=True)
        raise
    print(_summary(run))
    return 0


def _summary(run: "LocalRun") -> str:
    return summarize(run.parameters, run.outputs, run.folder, run.tracking_uri, run.progress.took())


if __name__ == "__main__":
    raise SystemExit(run_command("pipelines.run", main))
