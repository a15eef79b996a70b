"""Publish the images of new component versions: find which are new, build and push them."""

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.components.component import Component
from pipelines.components.content import BASE_IMAGE, LIBRARY, LIBRARY_FOLDER, Content
from pipelines.components.git import head, uncommitted
from pipelines.registry.address import pants_settings
from pipelines.registry.client import Image, Registry
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace, run_pants


@dataclass(frozen=True)
class Publication:
    """A component, the version to publish it as, and the image that the registry has for it."""

    component: Component
    content: Content
    version: str
    published: Image | None

    @property
    def dev(self) -> bool:
        """Whether the version is that of a working tree, which no release can pin."""
        return self.version != self.component.version

    @property
    def label(self) -> str:
        """The image's name without its registry."""
        return f"{self.component.repository}:{self.version}"


def survey(registry: Registry, components: Iterable[Component], dev: bool) -> list[Publication]:
    """Look up each component's version in the registry."""

    def publication(component: Component) -> Publication:
        content = component.content()
        version = component.dev_version() if dev else component.version
        return Publication(
            component, content, version, registry.find(component.repository, version)
        )

    return [publication(component) for component in components]


def conflict(registry: Registry, publication: Publication) -> str | None:
    """Return why a component may not be published: its version exists with other content."""
    here, published = publication.content, publication.published
    if published is None or published.content.hash == here.hash:
        return None
    folder = f"components/{publication.component.name}"
    return (
        f"{registry.reference(publication.label)} is published with other content:"
        f" {published.content.hash} there, {here.hash} here; a published version never changes, so"
        f" raise the version in {folder}/pyproject.toml (another branch may have used"
        f" {publication.version}) and describe what is new in {folder}/CHANGELOG.md"
    )


def push(workspace: Workspace, registry: Registry, new: Sequence[Publication]) -> None:
    """Build and push images with Pants; raise `PinionError` if that fails."""
    if not shutil.which("docker"):
        raise PinionError("building images needs Docker, and no docker is on the PATH; install it")
    if base := os.environ.get("BASE_IMAGE"):
        print(
            f"the base image is {base}, set by BASE_IMAGE and recorded in the images' labels",
            file=sys.stderr,
        )
    targets = [f"components/{each.component.name}:image" for each in new]
    versions = " ".join(f"{each.component.name}={each.version}" for each in new)
    settings = {
        **pants_settings(registry.address),
        "PINION_IMAGE_VERSIONS": versions if any(each.dev for each in new) else "",
    }
    if not any(each.dev for each in new):
        commit = head(workspace)
        settings["PINION_REVISIONS"] = " ".join(f"{each.component.name}={commit}" for each in new)
    try:
        run_pants(workspace, ["publish", *targets], settings)
    except PinionError as error:
        raise PinionError(
            f"{error}; images that were pushed stay, so run the command again for the rest"
        ) from error


def refuse_uncommitted(workspace: Workspace, new: Iterable[Publication]) -> None:
    """Raise `PinionError` if a component has uncommitted changes; releases take it from git."""
    for component in (each.component for each in new):
        name = component.name
        shared = [path for path in component.files if path.startswith(f"{LIBRARY}/")]
        library = [f"{LIBRARY_FOLDER}/{path}" for path in shared]
        if changed := uncommitted(workspace, [f"components/{name}", BASE_IMAGE, *library]):
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            raise PinionError(
                f"{name} has uncommitted changes ({changed[0]}{more}), and a release takes its"
                " sources from git; commit them first, or push the working tree with --dev"
            )


def arrived(registry: Registry, publication: Publication) -> Image:
    """Return the image that was pushed; raise `PinionError` if the registry has another."""
    pushed = registry.find(publication.component.repository, publication.version)
    if pushed is None or pushed.content.hash != publication.content.hash:
        raise PinionError(
            f"{registry.reference(publication.label)} is not the image that was built here; its"
            " sources may have been edited, or someone else may have pushed it, meanwhile; run the"
            " command again"
        )
    return pushed
