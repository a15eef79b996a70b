"""Find the code and the lock of the component that runs for an image as a process."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipelines.components.component import Component, content_of, dev_version
from pipelines.components.content import Content
from pipelines.components.git import CommitMissingError, component_at
from pipelines.components.image import ImageReference
from pipelines.environments.manager import Environment, Environments
from pipelines.pinning.lock import Locked
from pipelines.runner.process.snapshots import PROGRAM, snapshot
from pipelines.system.errors import PinionError
from pipelines.system.shared_folders import Held
from pipelines.system.workspace import Workspace


@dataclass(frozen=True)
class Source:
    """The files of a component, from the working tree or from git."""

    name: str
    files: Mapping[str, bytes]

    @cached_property
    def content(self) -> Content:
        """Their content."""
        return content_of(self.name, self.files)

    @property
    def lock(self) -> bytes:
        """The lock of the packages to install."""
        return self.files["requirements.lock"]

    def snapshot(self, workspace: Workspace) -> Held:
        """Return, and hold, the folder that takes the place of /app in the image."""
        return snapshot(workspace, self.name, self.content, self.files)


@dataclass(frozen=True)
class Sources:
    """Find the source of an image: in git for a release, in the working tree for `dev`.

    `released` are the images of all releases in this clone, by their full names.
    """

    workspace: Workspace
    components: Mapping[str, Component]
    released: Mapping[str, Locked]

    def of(self, step: str, image: str) -> Source:
        """Return the source of a step; raise `PinionError` if its content is not the pinned one."""
        name = ImageReference.parse(image).component
        if locked := self.released.get(image):
            return self._released(step, name, locked)
        if name not in self.components:
            raise PinionError(
                f"step {step!r} runs {image}, and there is no component {name!r} here;"
                f" components: {', '.join(sorted(self.components))}"
            )
        return self._of_tree(step, image, self.components[name])

    def _of_tree(self, step: str, image: str, component: Component) -> Source:
        source = Source(component.name, component.files)
        pinned = ImageReference.parse(image).tag
        here = dev_version(component.version, source.content)
        if pinned != here:
            raise PinionError(
                f"step {step!r} is pinned to {pinned or image}, and the working tree is now {here};"
                " compile again (python -m pipelines.compile dev)"
            )
        return source

    def _released(self, step: str, name: str, locked: Locked) -> Source:
        label = f"step {step!r} is pinned to {name} {locked.version}"
        in_docker = "run it in its image (--runner docker)"
        if not locked.runs:
            raise PinionError(
                f"{label}, which was released before releases recorded their commit; {in_docker}"
            )
        try:
            source = Source(name, component_at(self.workspace, locked.commit, name))
        except CommitMissingError as error:
            raise PinionError(f"{label}: {error}; run git fetch, or {in_docker}") from None
        if source.content.runs != locked.runs:
            raise PinionError(
                f"{label}, whose commit {locked.commit} has other code than was released:"
                f" {source.content.runs}, not {locked.runs}; {in_docker}"
            )
        return source


@dataclass(frozen=True)
class Installed:
    """A component of the working tree, ready to be called directly."""

    environment: Environment
    code: Held

    @property
    def app(self) -> Path:
        """The folder of its code, which takes the place of /app in its image."""
        return self.code.folder

    @property
    def command(self) -> tuple[Path | str, ...]:
        """The command line up to its arguments."""
        return self.environment.python, "-sE", self.app / PROGRAM


def installed(workspace: Workspace, name: str) -> Installed:
    """Return a component of the working tree, installed; raise `PinionError` if that fails."""
    source = Source(name, Component.load(workspace.components / name).files)
    environment = Environments(workspace).ready(name, [source.lock], lambda _: None)
    return Installed(environment, source.snapshot(workspace))
