"""Assemble a release from a registry, and check it against git and earlier releases."""

from collections.abc import Mapping
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
from pipelines.registry.client import Registry
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace


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
        pins.append(Pin(name, version, str(reference), image.content.interface))
        locked[name] = Locked.of(reference, image.content, image.commit)
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
