"""Makes a release of published component versions: `python -m pipelines.release TAG`."""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence

from pipelines import image_sboms
from pipelines.addresses import add_registry_flag, pants_registry
from pipelines.assembly import (
    assemble,
    hold_to_commits,
    refuse_breaking,
    refuse_pushed_again,
    verify,
    wiring,
)
from pipelines.components import Component, discover
from pipelines.differences import differences
from pipelines.errors import PinionError, UsageError, run_command
from pipelines.locks import Lock
from pipelines.registry import Registry
from pipelines.releases import Release, frozen, locks, store, tags
from pipelines.version_numbers import version_number
from pipelines.workspace import Workspace


def chosen(
    asked: Iterable[str], previous: Lock | None, components: Mapping[str, Component]
) -> dict[str, str]:
    """The version of every component: as asked, else as in the previous release, else the tree's.

    Raises `UsageError` for what is not NAME==VERSION of a component.
    """
    versions, named = {}, set()
    for name, component in components.items():
        released = previous.components.get(name) if previous else None
        versions[name] = released.version if released else component.version
    for each in asked:
        name, equals, version = each.partition("==")
        name = name.replace("-", "_")
        if not equals:
            raise UsageError(f"{each!r} is not NAME==VERSION")
        if name not in components:
            raise UsageError(
                f"{each!r}: no component {name!r}; components: {', '.join(sorted(components))}"
            )
        if name in named:
            raise UsageError(f"{each!r}: {name} is named twice")
        named.add(name)
        versions[name] = _number(version, each)
    return versions


def _number(text: str, where: str) -> str:
    try:
        return str(version_number(text))
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None


def make(workspace: Workspace, tag: str, asked: Sequence[str], registry: Registry) -> Release:
    """The release that is asked for, not yet written; says how it differs from the one before it.

    Raises `PinionError` where it may not be made.
    """
    components, releases = discover(workspace.components), locks(workspace)
    earlier = {
        each: lock for each, lock in releases.items() if version_number(each) < version_number(tag)
    }
    previous = list(earlier.values())[-1] if earlier else None
    versions = chosen(asked, previous, components)
    repositories = {name: component.repository for name, component in components.items()}
    release = assemble(tag, registry, versions, repositories)
    refuse_pushed_again(releases, release.lock)
    refuse_breaking(earlier, release.lock)
    hold_to_commits(workspace, release.lock)
    image_sboms.require(registry, release.lock)
    if tag in releases and frozen(workspace, tag) != release:
        changed = [line.strip() for line in differences(releases[tag], release.lock)]
        changed = [line for line in changed if not line.endswith(" unchanged")]
        raise PinionError(
            f"release {tag} exists with other content ({'; '.join(changed) or 'other wiring'});"
            " a release never changes: take another tag"
        )
    print(f"{tag} {f'after {previous.release}' if previous else '(first release)'}")
    print("\n".join(differences(previous, release.lock)))
    if previous and wiring(release) != wiring(frozen(workspace, previous.release)):
        print("the pipeline: other wiring, parameters, defaults or commands")
    _hint(components, versions)
    return release


def _hint(components: Mapping[str, Component], versions: Mapping[str, str]) -> None:
    """What of the working tree is left out, which may not be what was meant."""
    for name, component in components.items():
        if component.version != versions[name]:
            print(
                f"the working tree has {name} {component.version}; to release it, name it:"
                f" {name}=={component.version}",
                file=sys.stderr,
            )


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.release", description=__doc__)
    parser.add_argument("tag", metavar="TAG", help="the release's version, as in 1.2.0")
    parser.add_argument(
        "components",
        nargs="*",
        metavar="NAME==VERSION",
        help="published versions to take; the others stay as in the release before",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what differs, write nothing")
    parser.add_argument(
        "--verify",
        action="store_true",
        help="check that the release's files and images are what was released",
    )
    add_registry_flag(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command."""
    args = build_parser().parse_intermixed_args(argv)
    workspace = Workspace()
    _number(args.tag, "TAG")
    if args.verify:
        if args.components or args.dry_run or args.registry:
            raise UsageError("--verify takes a TAG and nothing else: all it needs is in the lock")
        verify(workspace, args.tag)
        print(f"release {args.tag}: lock, pipeline and images are what was released")
        return 0
    registry = Registry(args.registry or pants_registry(workspace))
    release = make(workspace, args.tag, args.components, registry)
    if args.tag in tags(workspace):
        print(f"release {args.tag} is there already, unchanged")
    elif not args.dry_run:
        folder = store(workspace, release).relative_to(workspace.root)
        print(f"wrote {folder}; commit it, then: git tag {args.tag}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command("pipelines.release", main))
