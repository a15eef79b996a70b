"""Prepare a new release: choose its versions, and check whether it may be made of them."""

import sys
from collections.abc import Iterable, Mapping, Sequence

from pipelines.components.component import Component, discover
from pipelines.components.version_numbers import version_number
from pipelines.pinning import sboms
from pipelines.pinning.assembly import (
    assemble,
    hold_to_commits,
    refuse_breaking,
    refuse_pushed_again,
    wiring,
)
from pipelines.pinning.differences import differences
from pipelines.pinning.lock import Lock
from pipelines.pinning.releases import Release, frozen, locks
from pipelines.registry.client import Registry
from pipelines.system.errors import PinionError, UsageError
from pipelines.system.workspace import Workspace


def chosen(
    asked: Iterable[str], previous: Lock | None, components: Mapping[str, Component]
) -> dict[str, str]:
    """Return each component's version: as requested, else as in the previous release or the tree.

    Raises `UsageError` for an argument that is not NAME==VERSION of a component.
    """
    released = previous.components if previous else {}
    versions = {
        name: released[name].version if name in released else component.version
        for name, component in components.items()
    }
    named: set[str] = set()
    for each in asked:
        name, equals, version = each.partition("==")
        name = name.replace("-", "_")
        if not equals:
            raise UsageError(f"{each!r} is not NAME==VERSION, such as train==1.2.0")
        if name not in components:
            raise UsageError(
                f"{each!r}: there is no component {name!r}; known: {', '.join(sorted(components))}"
            )
        if name in named:
            raise UsageError(f"{each!r}: {name} is given twice")
        named.add(name)
        versions[name] = release_number(version, each)
    return versions


def release_number(text: str, where: str) -> str:
    """Return a version number as written; raise `UsageError`, which names `where`."""
    try:
        return str(version_number(text))
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None


def make(workspace: Workspace, tag: str, asked: Sequence[str], registry: Registry) -> Release:
    """Return the requested release, not yet written; print how it differs from the previous one.

    Raises `PinionError` if it may not be made.
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
    sboms.require(registry, release.lock)
    if tag in releases and frozen(workspace, tag) != release:
        changed = [line.strip() for line in differences(releases[tag], release.lock)]
        changed = [line for line in changed if not line.endswith(" unchanged")]
        raise PinionError(
            f"release {tag} exists with other content ({'; '.join(changed) or 'other wiring'});"
            " a release never changes, so choose another tag"
        )
    print(f"{tag} {f'after {previous.release}' if previous else '(first release)'}")
    print("\n".join(differences(previous, release.lock)))
    if previous and wiring(release) != wiring(frozen(workspace, previous.release)):
        print("the pipeline: other wiring, parameters, defaults or commands")
    _hint(components, versions)
    return release


def _hint(components: Mapping[str, Component], versions: Mapping[str, str]) -> None:
    """Mention newer versions in the working tree that the release leaves out."""
    for name, component in components.items():
        if component.version != versions[name]:
            print(
                f"the working tree has {name} {component.version}; to release that version, add"
                f" {name}=={component.version}",
                file=sys.stderr,
            )
