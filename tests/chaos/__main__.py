"""Disturb real runs, and check what they leave: `python -m tests.chaos`."""

import argparse
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from random import randrange

from tests.build.services import docker_answers
from tests.chaos.rounds import IN_CONTAINERS, KINDS, Round, play


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's flags."""
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    kinds = [*KINDS, *IN_CONTAINERS]
    parser.add_argument("--seed", type=int, help="seed of the first round (default: random)")
    parser.add_argument(
        "--rounds", type=int, default=4 * len(kinds), help="number of rounds (default: %(default)s)"
    )
    parser.add_argument(
        "--only", choices=kinds, metavar="KIND", help=f"only this kind of fault: {', '.join(kinds)}"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    args = build_parser().parse_args(argv)
    seed = args.seed if args.seed is not None else randrange(10**6)  # noqa: S311 - no secret
    kinds = _selected(args, KINDS) | _of_docker(args)
    if not kinds:
        return 1
    print(f"seed {seed}", flush=True)
    if os.geteuid() != 0:
        print(
            "not root: a limit on file sizes stands for a full disk, file modes for a read-only one"
        )
    # A shell lets background processes ignore Ctrl-C, and their children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    tally = play(kinds, seed, args.rounds)
    print("\n".join(tally.lines()))
    return 1 if tally.failures else 0


def _selected(args: argparse.Namespace, kinds: Mapping[str, Round]) -> dict[str, Round]:
    return {kind: each for kind, each in kinds.items() if args.only in (None, kind)}


def _of_docker(args: argparse.Namespace) -> dict[str, Round]:
    wanted = _selected(args, IN_CONTAINERS)
    if wanted and not docker_answers():
        print(f"no Docker engine answers (docker info): skipping {', '.join(wanted)}")
        return {}
    return wanted


if __name__ == "__main__":
    sys.exit(main())
