"""Make a release of published component versions: `python -m pipelines.release TAG`."""

import argparse
from collections.abc import Sequence

from pipelines.console.command import run_command
from pipelines.pinning.assembly import make, release_number, verify
from pipelines.pinning.releases import store, tags
from pipelines.registry.address import add_registry_flag, pants_registry
from pipelines.registry.client import Registry
from pipelines.system.errors import UsageError
from pipelines.system.workspace import Workspace


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.release", description=__doc__)
    parser.add_argument("tag", metavar="TAG", help="version of the release, such as 1.2.0")
    parser.add_argument(
        "components",
        nargs="*",
        metavar="NAME==VERSION",
        help="published version to use; the other components stay as in the previous release",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print what differs, and write nothing"
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="check that the release's files and images are unchanged since the release",
    )
    add_registry_flag(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    args = build_parser().parse_intermixed_args(argv)
    workspace = Workspace()
    release_number(args.tag, "TAG")
    if args.verify:
        if args.components or args.dry_run or args.registry:
            raise UsageError(
                "--verify takes only a TAG, because the lock names the rest; leave all else out"
            )
        verify(workspace, args.tag)
        print(f"release {args.tag}: lock, pipeline and images are as released")
        return 0
    registry = Registry(args.registry or pants_registry(workspace))
    release = make(workspace, args.tag, args.components, registry)
    if args.tag in tags(workspace):
        print(f"release {args.tag} already exists, unchanged")
    elif not args.dry_run:
        folder = store(workspace, release).relative_to(workspace.root)
        print(f"wrote {folder}; commit it, then: git tag {args.tag}")
    return 0


if __name__ == "__main__":
    raise SystemExit(run_command("pipelines.release", main))
