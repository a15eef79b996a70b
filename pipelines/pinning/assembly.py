"""Assemble a release from a registry, and check it against git and earlier releases."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.compiled.file import COMPONENTS, RELEASE, PipelineFile
from pipelines.components.component import Component, content_of, discover
from pipelines.components.content import comparable
from pipelines.components.git import component_at
from pipelines.components.image import ImageReference, version_number
from pipelines.pinning import sboms
from pipelines.pinning.compiler import Pin, compile_pipeline
from pipelines.pinning.differences import differences
from pipelines.pinning.lock import Lock, Locked, sha256
from pipelines.pinning.releases import Release, frozen, locks
from pipelines.pinning.version_rules import breaks, history
from pipelines.registry.client import Registry
from pipelines.system.errors import PinionError, UsageError
from pipelines.system.workspace import Workspace
from pipelines.training.recipe import CODE, DECIDES


def assemble(
    tag: str, registry: Registry, versions: Mapping[str, str], repositories: Mapping[str, str]
) -> Release:
    """Return a release of these published versions, compiled with the working tree's wiring.

    Raises `PinionError` if a version is not in the registry, or does not fit the wiring.
    """
    pins, locked, missing = [], {}, []
    for name, version in versions.items():
        image = registry.find(repositories[name], version, whole=True)
        if image is None:
            missing.append(f"{name} {version}")
            continue
        repository = registry.reference(repositories[name])
        reference = ImageReference(repository, version, image.digest)
        content = image.content
        pins.append(Pin(name, version, str(reference), content.interface, content.hash))
        locked[name] = Locked.of(reference, content, image.commit)
    if missing:
        raise PinionError(
            f"not in {registry.address}: {', '.join(missing)};"
            " publish first (python -m pipelines.publish), or name a version that was published"
        )
    pipeline = compile_pipeline(tag, pins)
    return Release(Lock(tag, registry.address, sha256(pipeline), locked), pipeline)


def refuse_pushed_again(releases: Mapping[str, Lock], release: Lock) -> None:
    """Raise `PinionError` if a version differs from the same version in another release."""
    for name, new in release.components.items():
        for old in history(releases, name):
            if old.version != new.version:
                continue
            again = old.image.tagged == new.image.tagged and old.image.digest != new.image.digest
            # Hashes of two schemes cannot be compared; then only the digest counts.
            if again or (comparable(old.content, new.content) and old.content != new.content):
                raise PinionError(
                    f"{new.image.tagged} was pushed again: {old.image.digest} when it was released,"
                    f" {new.image.digest} in the registry now; a published version must not change,"
                    f" so give {name} a new version and publish that"
                )


def hold_to_commits(workspace: Workspace, release: Lock) -> None:
    """Raise `PinionError` if an image was not built from the sources at its commit.

    An image from before content hashes had a scheme is skipped: it runs in Docker only.
    """
    for name, locked in release.components.items():
        if not locked.runs:
            continue
        label = f"{name} {locked.version}"
        if not locked.commit or locked.commit.endswith("-dirty"):
            raise PinionError(
                f"the image of {label} does not record a clean git commit; publish a higher version"
                " with python -m pipelines.publish"
            )
        found = content_of(name, component_at(workspace, locked.commit, name))
        if (found.hash, found.runs) != (locked.content, locked.runs):
            raise PinionError(
                f"the image of {label} was not built from its commit {locked.commit}: the content"
                f" hash is {found.hash} at the commit and {locked.content} in the image; publish a"
                " higher version"
            )


def refuse_breaking(releases: Mapping[str, Lock], release: Lock) -> None:
    """Raise `PinionError` if an interface breaks without a new major version."""
    for name, new in release.components.items():
        for old in history(releases, name):
            if broken := breaks(old, new.version, new.signature):
                raise PinionError(
                    f"{name} {new.version} needs a major version after {old.version}: {broken}"
                )


def wiring(release: Release) -> tuple[Any, Any]:
    """Return a release's KFP messages without tag, versions and images, which change every release.

    They are the pipeline and its deployment, each of which compares as a whole.
    """
    file = PipelineFile.parse(Path(release.lock.release), release.pipeline)
    names = {str(locked.image): name for name, locked in release.lock.components.items()}
    deployment = file.deployment
    for executor in deployment.executors.values():
        container = executor.container
        container.image = names.get(container.image, container.image)
        kept = [each for each in container.env if each.name not in (RELEASE, COMPONENTS)]
        del container.env[:]
        container.env.extend(kept)
    for dag in (file.spec.root.dag, *(each.dag for each in file.spec.components.values())):
        if DECIDES in dag.tasks:
            dag.tasks[DECIDES].inputs.parameters.pop(CODE, None)
    file.spec.ClearField("deployment_spec")
    return file.spec, deployment


def verify(workspace: Workspace, tag: str) -> Release:
    """Rebuild a release from its lock and the registry, and return it if it is the same.

    Raises `PinionError` if an image, its SBOM, the lock or the compiled file is not the released
    one.
    """
    release = frozen(workspace, tag)
    lock = release.lock
    versions = {name: each.version for name, each in lock.components.items()}
    repositories = {
        name: each.image.repository.removeprefix(f"{lock.registry}/")
        for name, each in lock.components.items()
    }
    registry = Registry(lock.registry)
    again = assemble(tag, registry, versions, repositories)
    refuse_pushed_again({tag: lock}, again.lock)
    if again.pipeline != release.pipeline:
        raise PinionError(
            f"release {tag}: the wiring of this working tree compiles to another pipeline than the"
            f" released one; verify at the release's own commit (git checkout {tag}). If this is"
            " that commit, then lock.yaml and pipeline.yaml were edited together"
        )
    hold_to_commits(workspace, lock)
    sboms.require(registry, lock)
    if again.lock != lock:
        raise PinionError(
            f"release {tag}: lock.yaml does not agree with the images in {lock.registry}"
        )
    return release


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
