"""Run the checks and the tests, each in its own environment; `make test` calls this."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pipelines.console.command import run_command
from pipelines.environments.manager import Environments
from pipelines.system.errors import UsageError
from pipelines.system.workspace import ROOT, Workspace
from tests.tiers import stamp
from tests.tiers.parts import all_parts
from tests.tiers.results import Result, longest, total
from tests.tiers.scheduling import Running, Slots, Work

SLOW = "slow"


def build_parser() -> argparse.ArgumentParser:
    """Return the command's flags."""
    parser = argparse.ArgumentParser(
        prog="tests.tiers",
        description="Run lint, format, types and tests.",
        epilog="Flags that are not listed here go to pytest.",
    )
    parser.add_argument(
        "paths", nargs="*", help="folders, files or tests to run (default: everything)"
    )
    parser.add_argument("--all", action="store_true", help="run the slow tests as well")
    parser.add_argument("--no-checks", action="store_true", help="run tests only")
    parser.add_argument("-k", metavar="EXPRESSION", help="run only the tests that match, no checks")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    args, flags = build_parser().parse_known_args(argv)
    paths = [_relative(path) for path in args.paths]
    narrowed = bool(paths or args.k or args.no_checks or flags)
    before = "" if narrowed else stamp.state()
    done = args.all and bool(before) and stamp.remembered() == before
    if done:
        _say("lint, format, types and the fast tests have passed for these files (make test)")
    given = [*flags, *([f"-k={args.k}"] if args.k else [])]
    works = chosen(paths, given, args.all, done, checks=not (args.no_checks or done or given))
    if not works:
        raise UsageError(f"there are no tests or checks for {', '.join(paths)}")
    results = run(works, args.all)
    if not any(each.passed or each.failed for each in results):
        _say(f"no test was selected; slow tests run with make test-all {_narrowing(argv)}".rstrip())
        return 1
    if not any(each.failed for each in results) and before and before == stamp.state():
        stamp.remember(before)
    return int(any(each.failed for each in results))


def chosen(
    paths: Sequence[str], flags: Sequence[str], everything: bool, done: bool, checks: bool
) -> list[Work]:
    """Return what to run, in the order in which it starts."""
    marked = {(False, False): (f"-m=not {SLOW}",), (True, True): (f"-m={SLOW}",)}
    given = (*_PYTEST, *marked.get((everything, done), ()), *flags)
    parts = all_parts(len(os.sched_getaffinity(0)))
    # The part with the most processes starts first, and smaller ones run beside it. In the fast
    # tier two quick checks come before it, to give feedback early.
    soon = 0 if everything else 2
    parts[soon:] = sorted(parts[soon:], key=lambda part: -part.workers)
    return [
        Work(part, tuple(found), given)
        for part in parts
        if (found := part.chosen(paths)) and (part.tests or checks)
        # Without this, a part without slow tests would cost its environment and its imports.
        if not done or part.mentions(f"mark.{SLOW}")
    ]


_PYTEST = ("--quiet", "--no-header", "--tb=short")


def run(works: Sequence[Work], everything: bool) -> list[Result]:
    """Run all parts; print a line when one ends, and the whole output of one that failed."""
    began, results, cores = time.monotonic(), [], len(os.sched_getaffinity(0))
    # Slow tests mostly wait for servers, Docker and Pants, so more of them can share the cores.
    slots = Slots(2 * cores + 1 if everything else cores + 1)
    running = Running(Environments(Workspace()), slots, _say)
    for result in running.all(works):
        results.append(result)
        print(result.line(), flush=True)
        if result.failed:
            print(result.output, flush=True)
    for line in [] if everything else longest(results):
        _say(line)
    print(f"{'in all':24} {'':32} {time.monotonic() - began:7.1f} s")
    print(total(results), flush=True)
    return results


def _relative(path: str) -> str:
    file, colons, test = path.partition("::")
    whole = Path(file).resolve()
    if not whole.exists() or not whole.is_relative_to(ROOT):
        raise UsageError(f"{path}: no such file or folder in {ROOT}")
    return f"{whole.relative_to(ROOT)}{colons}{test}"


def _narrowing(argv: Sequence[str] | None) -> str:
    words = sys.argv[1:] if argv is None else argv
    return f'ARGS="{" ".join(words)}"' if words else ""


def _say(text: str) -> None:
    print(f"tests: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    # A program that a shell starts in the background ignores Ctrl-C, and so would its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(run_command("tests.tiers", main))
