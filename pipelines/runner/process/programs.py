"""Find the code and the lock of the component that runs for an image as a process.

Steps run from read-only copies of the code, each under its hash, which are made on first use: an
edit of the working tree does not affect a step that is running, and a release runs from git.
"""

import compileall
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import IO

from pipelines.components.component import Component, content_of
from pipelines.components.content import LIBRARY, Content
from pipelines.components.git import CommitMissingError, component_at
from pipelines.components.image import ImageReference
from pipelines.environments.manager import Environment, Environments
from pipelines.pinning.lock import Locked
from pipelines.system.errors import PinionError
from pipelines.system.shared_folders import Held, SharedFolders
from pipelines.system.workspace import Workspace

# The name of every component's program, as in its image.
PROGRAM = "pex"
_PROGRAM = """\
import sys
from {name}.__main__ import main
sys.exit(main())
"""
# Written last; holds the hash of all other files, including bytecode.
_COMPLETE = ".complete"
# Snapshots are small, and a month of work on all components makes fewer than that.
_KEPT = 500
_KEPT_SECONDS = 30 * 24 * 3600


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
        reference = ImageReference.parse(image)
        if locked := self.released.get(image):
            return self._released(step, reference.component, locked)
        component = self.components.get(reference.component)
        if component is None:
            raise PinionError(
                f"step {step!r} runs {image}, and there is no component {reference.component!r}"
                f" here; components: {', '.join(sorted(self.components))}"
            )
        here = component.dev_version()
        if reference.tag != here:
            raise PinionError(
                f"step {step!r} is pinned to {reference.tag or image}, and the working tree is now"
                f" {here}; compile again (python -m pipelines.compile dev)"
            )
        return Source(component.name, component.files)

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
    return Installed(
        Environments(workspace).ready(name, [source.lock], lambda _: None),
        source.snapshot(workspace),
    )


def snapshot(workspace: Workspace, name: str, content: Content, files: Mapping[str, bytes]) -> Held:
    """Return the folder that takes the place of /app in the component's image, made on first use.

    `files` are those of the content. Raise `PinionError` if the folder cannot be made.
    """
    sources = SharedFolders(workspace.cache / "sources", _KEPT, _KEPT_SECONDS)
    key = f"{name}-{content.runs.rpartition(':')[2][:16]}"
    try:
        return sources.held(
            key, _is_whole, partial(_make, sources.root / key, name, files), lambda: None
        )
    except OSError as error:
        raise PinionError(
            f"the code of {name} cannot be copied to {sources.root}: {error.strerror}; free some"
            " space there, or set XDG_CACHE_HOME to a folder that you can write to"
        ) from error


def _make(folder: Path, name: str, files: Mapping[str, bytes], partial: Path, _: IO[bytes]) -> None:
    for path, content in files.items():
        if path.startswith((f"{name}/", f"{LIBRARY}/")):
            (partial / path).parent.mkdir(parents=True, exist_ok=True)
            (partial / path).write_bytes(content)
    (partial / PROGRAM).write_text(_PROGRAM.format(name=name))
    # Bytecode that Python does not check against times, which copying the folder would change.
    compileall.compile_dir(
        partial,
        quiet=2,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        stripdir=partial,
        prependdir=folder,
    )
    (partial / _COMPLETE).write_text(_hash(partial))
    for each in (*partial.rglob("*"), partial):
        each.chmod(0o555 if each.is_dir() else 0o444)


def _is_whole(folder: Path) -> bool:
    # A power cut may have truncated a file; the folder is small enough to be read each time.
    complete = folder / _COMPLETE
    return complete.exists() and complete.read_text(errors="replace") == _hash(folder)


def _hash(folder: Path) -> str:
    hashes = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != _COMPLETE:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            hashes.update(f"{digest}  {path.relative_to(folder)}\n".encode())
    return hashes.hexdigest()
