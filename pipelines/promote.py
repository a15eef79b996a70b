"""Says by hand which version of a model is served: `python -m pipelines.promote MODEL/VERSION`."""

import argparse
import getpass
import sys
from collections.abc import Sequence

from pipelines.console.command import run_command
from pipelines.console.flags import add_tracking_flag
from pipelines.models.reference import CHAMPION, ModelReference
from pipelines.models.registry import ModelRegistry, Move, open_registry
from pipelines.system.errors import PinionError, UsageError

PREVIOUS = "previous"


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.promote", description=__doc__)
    parser.add_argument(
        "model",
        metavar="MODEL/VERSION",
        help="the version to promote; only MODEL with --rollback and --history",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--rollback", action="store_true", help="go back to the version that was champion before"
    )
    what.add_argument(
        "--history", action="store_true", help="print who moved the alias, when, and why"
    )
    parser.add_argument("--why", default="", metavar="TEXT", help="kept in the history")
    add_tracking_flag(parser)
    return parser


def promote(registry: ModelRegistry, reference: ModelReference, why: str) -> str:
    """Moves `champion` to a version; what was there becomes `previous`. Gives what was done.

    Raises `PinionError` where the version cannot be served, or the alias is moved by others too.
    """
    version = registry.version(reference)
    if version.status != "READY":
        raise PinionError(f"{version.uri} is {version.status}, not READY: its files are not there")
    if version.tags.get("pinion.evaluation") != "passed":
        print(f"{version.uri} has no evaluation that it passed", file=sys.stderr)
    current = registry.aliases(version.name).get(CHAMPION)
    if current == version.number:
        return f"{version.uri} is the champion already"
    who, run = getpass.getuser(), version.run_id
    registry.move(version.name, Move(CHAMPION, current, version.number, who, why, run))
    if current is None:
        return f"{version.uri} is the champion; there was none before"
    registry.client.set_registered_model_alias(version.name, PREVIOUS, str(current))
    return f"{version.uri} is the champion; version {current} was, and is {PREVIOUS!r} now"


def rollback(registry: ModelRegistry, name: str, why: str) -> str:
    """Moves `champion` back to where it was; raises `PinionError` where it was nowhere."""
    before = registry.aliases(name).get(PREVIOUS)
    if before is None:
        raise PinionError(
            f"{name} has no version that was champion before; name one: {name}/VERSION"
        )
    return promote(registry, ModelReference(name, before), why or "rollback")


def history(registry: ModelRegistry, name: str) -> str:
    """A line for each move, the oldest first."""
    lines = []
    for move in registry.history(name):
        when = move.at.partition(".")[0].replace("T", " ")
        way = f"{move.before or 'none'} → {move.after}"
        because = f": {move.why}" if move.why else ""
        lines.append(f"{when} UTC  {move.alias} {way}  by {move.by}{because}")
    return "\n".join(lines) or f"no alias of {name} was moved by Pinion yet"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command."""
    args = build_parser().parse_args(argv)
    reference = ModelReference.parse(args.model)
    named = "/" in args.model.removeprefix("models:/") or "@" in args.model
    if named and (args.rollback or args.history):
        raise UsageError(f"{args.model!r}: give only the name, {reference.name!r}")
    if not named and not args.rollback and not args.history:
        raise UsageError(f"{args.model!r} names no version: {reference.name}/VERSION")
    with open_registry(args.mlflow_tracking_uri) as registry:
        if args.history:
            print(history(registry, reference.name))
        elif args.rollback:
            print(rollback(registry, reference.name, args.why))
        else:
            print(promote(registry, reference, args.why))
    return 0


if __name__ == "__main__":
    sys.exit(run_command("pipelines.promote", main))
