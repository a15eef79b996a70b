"""Pushes the images of new component versions, with their SBOMs: `python -m pipelines.publish`."""

import argparse
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.addresses import add_registry_flag, pants_registry, pants_settings
from pipelines.components import Component, choose, dev_version, discover
from pipelines.contents import BASE_IMAGE, LIBRARY, LIBRARY_FOLDER, Content
from pipelines.errors import PinionError, run_command
from pipelines.git import head, uncommitted
from pipelines.image_sboms import attach
from pipelines.pants import run_pants
from pipelines.registry import Image, Registry
from pipelines.workspace import Workspace


@dataclass(frozen=True)
class Publication:
    """A component, the version it is to have in a registry, and what is there under it."""

    component: Component
    content: Content
    version: str
    published: Image | None

    @property
    def dev(self) -> bool:
        """Whether it is the working tree, under a version that no release can pin."""
        return self.version != self.component.version

    @property
    def label(self) -> str:
        """The image's name without its registry."""
        return f"{self.component.repository}:{self.version}"


def survey(registry: Registry, components: Iterable[Component], dev: bool) -> list[Publication]:
    """What the registry has of each component."""

    def publication(component: Component) -> Publication:
        content = component.content()
        version = dev_version(component.version, content) if dev else component.version
        return Publication(
            component, content, version, registry.find(component.repository, version)
        )

    return [publication(component) for component in components]


def conflict(registry: Registry, publication: Publication) -> str | None:
    """Why a component may not be published: its version is there with other content."""
    here, published = publication.content, publication.published
    if published is None or published.content.hash == here.hash:
        return None
    folder = f"components/{publication.component.name}"
    return (
        f"{registry.reference(publication.label)} is published with other content:"
        f" {published.content.hash} there, {here.hash} here; a published version never changes:"
        f" give {folder}/pyproject.toml a higher version (another branch may have taken"
        f" {publication.version}) and say in {folder}/CHANGELOG.md what is new"
    )


def push(workspace: Workspace, registry: Registry, new: Sequence[Publication]) -> None:
    """Builds and pushes images through Pants; raises `PinionError` where it fails."""
    if not shutil.which("docker"):
        raise PinionError("images are built with Docker, and there is no docker on the PATH")
    if base := os.environ.get("BASE_IMAGE"):
        print(f"building on {base}, by BASE_IMAGE, as the images' labels say", file=sys.stderr)
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
        raise PinionError(f"{error}; what was pushed stays, call again for the rest") from error


def refuse_uncommitted(workspace: Workspace, new: Iterable[Publication]) -> None:
    """Raise `PinionError` if a component is not as git has it, from where a release takes it."""
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
    """The image that was pushed; raises `PinionError` where the registry has something else."""
    pushed = registry.find(publication.component.repository, publication.version)
    if pushed is None or pushed.content.hash != publication.content.hash:
        raise PinionError(
            f"{registry.reference(publication.label)} is not what was built here; were its"
            " sources edited, or did someone else push it, meanwhile? Call again to see"
        )
    return pushed


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = argparse.ArgumentParser(prog="pipelines.publish", description=__doc__)
    parser.add_argument(
        "components", nargs="*", metavar="COMPONENT", help="those to publish (default: all)"
    )
    parser.add_argument(
        "--dev",
        action="store_true",
        help="push the working tree as VERSION-dev.HASH, which no release can pin",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what is new, push nothing")
    add_registry_flag(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command."""
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
    # What may be published is, whatever else may not.
    if conflicts:
        raise PinionError("; ".join(conflicts))
    if args.dev and not args.dry_run:
        print(f"compile them: python -m pipelines.compile dev --registry {registry.address}")
    return 0


def _state(registry: Registry, publication: Publication, dry_run: bool) -> str:
    reference = registry.reference(publication.label)
    if publication.published is None and dry_run:
        return f"{reference} new"
    image = publication.published or arrived(registry, publication)
    state = f"{reference}@{image.digest} {'there' if publication.published else 'pushed'}"
    if not dry_run and attach(registry, publication.component, publication.version, image):
        return f"{state}\n{publication.label}: SBOM attached"
    return state


if __name__ == "__main__":
    sys.exit(run_command("pipelines.publish", main))
