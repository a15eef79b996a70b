"""Make a version of a model the champion by hand: `python -m pipelines.promote MODEL/VERSION`."""

import argparse
import getpass
import sys
from collections.abc import Sequence

from pipelines.console.command import add_tracking_flag, run_command
from pipelines.models.registry import CHAMPION, ModelReference, ModelRegistry, Move, open_registry
from pipelines.system.errors import PinionError, UsageError

PREVIOUS = "previous"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.promote", description=__doc__)
    parser.add_argument(
        "model",
        metavar="MODEL/VERSION",
        help="version to promote; only the name MODEL with --rollback or --history",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--rollback", action="store_true", help="make the previous champion the champion again"
    )
    what.add_argument(
        "--history", action="store_true", help="print who moved the aliases, when, and why"
    )
    parser.add_argument("--why", default="", metavar="TEXT", help="reason, recorded in the history")
    add_tracking_flag(parser)
    return parser


def promote(registry: ModelRegistry, reference: ModelReference, why: str) -> str:
    """Move `champion` to a version, and `previous` to the old champion; return what was done.

    Raises `PinionError` if the version cannot be served, or if somebody else moves the alias.
    """
    version = registry.version(reference)
    if version.status != "READY":
        raise PinionError(
            f"{version.uri} is {version.status}, not READY, so its files may be incomplete; promote"
            " another version"
        )
    if version.tags.get("pinion.evaluation") != "passed":
        print(f"{version.uri} has not passed an evaluation", file=sys.stderr)
    current = registry.aliases(version.name).get(CHAMPION)
    if current == version.number:
        return f"{version.uri} is already the champion"
    who, run = getpass.getuser(), version.run_id
    registry.move(version.name, Move(CHAMPION, current, version.number, who, why, run))
    if current is None:
        return f"{version.uri} is now the champion; there was none before"
    registry.client.set_registered_model_alias(version.name, PREVIOUS, str(current))
    return f"{version.uri} is now the champion, and version {current} is {PREVIOUS!r}"


def rollback(registry: ModelRegistry, name: str, why: str) -> str:
    """Move `champion` back to the previous version; raise `PinionError` if there is none."""
    before = registry.aliases(name).get(PREVIOUS)
    if before is None:
        raise PinionError(
            f"{name} has no previous champion; name the version to promote: {name}/VERSION"
        )
    return promote(registry, ModelReference(name, before), why or "rollback")


def history(registry: ModelRegistry, name: str) -> str:
    """Return a line for each move of an alias, the oldest first."""
    lines = []
    for move in registry.history(name):
        when = move.at.partition(".")[0].replace("T", " ")
        way = f"{move.before or 'none'} → {move.after}"
        because = f": {move.why}" if move.why else ""
        lines.append(f"{when} UTC  {move.alias} {way}  by {move.by}{because}")
    return "\n".join(lines) or f"Pinion has not moved an alias of {name} yet"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    args = build_parser().parse_args(argv)
    reference = ModelReference.parse(args.model)
    named = "/" in args.model.removeprefix("models:/") or "@" in args.model
    if named and (args.rollback or args.history):
        flag = "--rollback" if args.rollback else "--history"
        raise UsageError(
            f"{args.model!r} names a version; with {flag}, give only the name, {reference.name!r}"
        )
    if not named and not args.rollback and not args.history:
        raise UsageError(f"{args.model!r} has no version; give {reference.name}/VERSION")
    with open_registry(args.mlflow_tracking_uri) as registry:
        if args.history:
            print(history(registry, reference.name))
        elif args.rollback:
            print(rollback(registry, reference.name, args.why))
        else:
            print(promote(registry, reference, args.why))
    return 0


if __name__ == "__main__":
    raise SystemExit(run_command("pipelines.promote", main))
