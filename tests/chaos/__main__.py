"""Does real runs harm, and holds what they leave: `python -m tests.chaos`."""

import argparse
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from random import randrange

from tests.build.services import docker_answers
from tests.chaos.rounds import IN_CONTAINERS, KINDS, Round, play


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    kinds = [*KINDS, *IN_CONTAINERS]
    parser.add_argument("--seed", type=int, help="of the first round; without one, any")
    parser.add_argument("--rounds", type=int, default=4 * len(kinds), help="(default: %(default)s)")
    parser.add_argument("--only", choices=kinds, metavar="KIND", help=f"one of {', '.join(kinds)}")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command."""
    args = build_parser().parse_args(argv)
    seed = args.seed if args.seed is not None else randrange(10**6)  # noqa: S311 - no secret
    kinds = _asked(args, KINDS) | _of_docker(args)
    if not kinds:
        return 1
    print(f"seed {seed}", flush=True)
    if os.geteuid() != 0:
        print("not root: a full disk is a bound on the size of files, a read-only one is rights")
    # A shell has what it starts in the background ignore Ctrl-C, and so would all that runs here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    tally = play(kinds, seed, args.rounds)
    print("\n".join(tally.lines()))
    return 1 if tally.failures else 0


def _asked(args: argparse.Namespace, kinds: Mapping[str, Round]) -> dict[str, Round]:
    return {kind: each for kind, each in kinds.items() if args.only in (None, kind)}


def _of_docker(args: argparse.Namespace) -> dict[str, Round]:
    wanted = _asked(args, IN_CONTAINERS)
    if wanted and not docker_answers():
        print(f"no Docker engine answers (docker info): without {', '.join(wanted)}")
        return {}
    return wanted


if __name__ == "__main__":
    sys.exit(main())
