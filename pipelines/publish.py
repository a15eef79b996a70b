"""Push the images of new component versions, with their SBOMs: `python -m pipelines.publish`."""

import argparse
from collections.abc import Sequence

from pipelines.components.component import choose, discover
from pipelines.console.command import run_command
from pipelines.pinning.sboms import attach
from pipelines.registry.address import add_registry_flag, pants_registry
from pipelines.registry.client import Registry
from pipelines.registry.publication import (
    Publication,
    arrived,
    conflict,
    push,
    refuse_uncommitted,
    survey,
)
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.publish", description=__doc__)
    parser.add_argument(
        "components", nargs="*", metavar="COMPONENT", help="component to publish (default: all)"
    )
    parser.add_argument(
        "--dev",
        action="store_true",
        help="push the working tree as VERSION-dev.HASH, which no release can use",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print which versions are new, and push nothing"
    )
    add_registry_flag(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    args = build_parser().parse_intermixed_args(argv)
    workspace = Workspace()
    components = choose(args.components, discover(workspace.components))
    registry = Registry(args.registry or pants_registry(workspace))
    publications = survey(registry, components, args.dev)
    new = [each for each in publications if each.published is None]
    if new and not args.dry_run:
        if not args.dev:
            refuse_uncommitted(workspace, new)
        push(workspace, registry, new)
    conflicts = []
    for each in publications:
        if why := conflict(registry, each):
            conflicts.append(why)
        else:
            print(_state(registry, each, args.dry_run), flush=True)
    # A conflict of one component does not keep the others from being published.
    if conflicts:
        raise PinionError("; ".join(conflicts))
    if args.dev and not args.dry_run:
        print(f"compile with them: python -m pipelines.compile dev --registry {registry.address}")
    return 0


def _state(registry: Registry, publication: Publication, dry_run: bool) -> str:
    reference = registry.reference(publication.label)
    if publication.published is None and dry_run:
        return f"{reference} new"
    image = publication.published or arrived(registry, publication)
    state = f"{reference}@{image.digest} {'exists' if publication.published else 'pushed'}"
    if not dry_run and attach(registry, publication.component, publication.version, image):
        return f"{state}\n{publication.label}: SBOM attached"
    return state


if __name__ == "__main__":
    raise SystemExit(run_command("pipelines.publish", main))
