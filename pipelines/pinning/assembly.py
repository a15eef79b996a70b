"""Assembles a release from what a registry holds, and holds it against the releases before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.compiled.file import COMPONENTS, RELEASE, PipelineFile
from pipelines.components.component import content_of
from pipelines.components.content import comparable
from pipelines.components.git import component_at
from pipelines.components.image import ImageReference
from pipelines.pinning import sboms
from pipelines.pinning.compiler import compile_pipeline
from pipelines.pinning.lock import Lock, Locked, sha256
from pipelines.pinning.pins import Pin
from pipelines.pinning.releases import Release, frozen
from pipelines.pinning.version_rules import breaks, history
from pipelines.registry.client import Image, Registry
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace


@dataclass(frozen=True)
class Published:
    """A component at a version that is in a registry."""

    name: str
    reference: ImageReference
    image: Image

    @property
    def pin(self) -> Pin:
        """As it is compiled."""
        content = self.image.content
        return Pin(self.name, self.reference.tag, str(self.reference), content.interface)

    @property
    def locked(self) -> Locked:
        """As a lock holds it."""
        return Locked.of(self.reference, self.image.content, self.image.commit)


def assemble(
    tag: str, registry: Registry, versions: Mapping[str, str], repositories: Mapping[str, str]
) -> Release:
    """A release of these published versions, compiled with the wiring of the working tree.

    Raises `PinionError` where one is not in the registry, or does not fit the wiring.
    """
    published, missing = [], []
    for name, version in versions.items():
        image = registry.find(repositories[name], version, whole=True)
        if image is None:
            missing.append(f"{name} {version}")
            continue
        repository = registry.reference(repositories[name])
        published.append(Published(name, ImageReference(repository, version, image.digest), image))
    if missing:
        raise PinionError(
            f"not in {registry.address}: {', '.join(missing)};"
            " publish first (python -m pipelines.publish), or name a version that is there"
        )
    pipeline = compile_pipeline(tag, [each.pin for each in published])
    locked = {each.name: each.locked for each in published}
    return Release(Lock(tag, registry.address, sha256(pipeline), locked), pipeline)


def refuse_pushed_again(releases: Mapping[str, Lock], release: Lock) -> None:
    """Raises `PinionError` where a version is not what it was in one of the releases."""
    for name, new in release.components.items():
        for old in history(releases, name):
            if old.version != new.version:
                continue
            again = old.image.tagged == new.image.tagged and old.image.digest != new.image.digest
            # Hashes of two schemes say nothing of each other; then the digest alone counts.
            if again or (comparable(old.content, new.content) and old.content != new.content):
                raise PinionError(
                    f"{new.image.tagged} was pushed again: {old.image.digest} when it was released,"
                    f" {new.image.digest} in the registry now; a published version never changes:"
                    f" give {name} a new one and publish that"
                )


def hold_to_commits(workspace: Workspace, release: Lock) -> None:
    """Raise `PinionError` if git does not have what an image was made from, at the image's commit.

    An image from before contents had a scheme is left out: it runs in Docker alone.
    """
    for name, locked in release.components.items():
        if not locked.runs:
            continue
        label = f"{name} {locked.version}"
        if not locked.commit or locked.commit.endswith("-dirty"):
            raise PinionError(
                f"the image of {label} does not say which commit it was built from; publish it with"
                " python -m pipelines.publish, under a higher version"
            )
        found = content_of(name, component_at(workspace, locked.commit, name))
        if (found.hash, found.runs) != (locked.content, locked.runs):
            raise PinionError(
                f"the image of {label} was not built from its commit {locked.commit}: that has"
                f" {found.hash}, and the image {locked.content}; publish a higher version"
            )


def refuse_breaking(releases: Mapping[str, Lock], release: Lock) -> None:
    """Raises `PinionError` where an interface breaks more than its version says."""
    for name, new in release.components.items():
        for old in history(releases, name):
            if broken := breaks(old, new.version, new.signature):
                raise PinionError(
                    f"{name} {new.version} needs a major version after {old.version}: {broken}"
                )


def wiring(release: Release) -> tuple[Any, Any]:
    """Return KFP's messages of a release without what its pins change: tag, versions and images.

    They are the pipeline and its deployment, which compare as a whole.
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
    file.spec.ClearField("deployment_spec")
    return file.spec, deployment


def verify(workspace: Workspace, tag: str) -> Release:
    """A release, made again from its lock and the registry, and found to be the same.

    Raises `PinionError` where an image, its SBOM, the lock or the compiled file is not what was
    released.
    """
    release = frozen(workspace, tag)
    lock = release.lock
    versions = {name: each.version for name, each in lock.components.items()}
    prefix = f"{lock.registry}/"
    repositories = {
        name: each.image.repository.removeprefix(prefix) for name, each in lock.components.items()
    }
    registry = Registry(lock.registry)
    again = assemble(tag, registry, versions, repositories)
    refuse_pushed_again({tag: lock}, again.lock)
    if again.pipeline != release.pipeline:
        raise PinionError(
            f"release {tag}: the wiring of this working tree compiles to another pipeline than the"
            f" released one; verify at the release's own commit (git checkout {tag}), and if this"
            " is it, then lock and pipeline were edited together"
        )
    hold_to_commits(workspace, lock)
    sboms.require(registry, lock)
    if again.lock != lock:
        raise PinionError(f"release {tag}: its lock is not what the registry says of its images")
    return release
