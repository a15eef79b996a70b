"""The runners of this machine, and the flags that say how they run."""

import argparse
import os
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
