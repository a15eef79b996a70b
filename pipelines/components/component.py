"""The components of the working tree: a folder each, with a project and an interface."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.components.content import Content, read_tree
from pipelines.components.interface import Interface
from pipelines.components.requirement_locks import Pin, read_pins
from pipelines.components.version_numbers import version_number
from pipelines.system.errors import PinionError, UsageError


@dataclass(frozen=True)
class Component:
    """A component as its folder describes it."""

    name: str
    folder: Path
    version: str
    requirements: tuple[str, ...]
    interface: Interface

    @classmethod
    def load(cls, folder: Path) -> "Component":
        """Reads a component's folder; raises `PinionError` naming the file that is wrong."""
        version, requirements = _project(folder / "pyproject.toml")
        return cls(
            folder.name, folder, version, requirements, _interface(folder / "component.yaml")
        )

    @property
    def repository(self) -> str:
        """Where its images are in a registry."""
        return self.interface.repository

    @property
    def files(self) -> dict[str, bytes]:
        """What makes it, as it is now, by path."""
        return read_tree(self.folder, self.folder.parent.parent)

    def content(self) -> Content:
        """Return its content as it is now; raises `PinionError` if that is incomplete."""
        return content_of(self.name, self.files)

    def dev_version(self) -> str:
        """Return the version of the working tree, which no published image can have."""
        return dev_version(self.version, self.content())

    def pins(self) -> dict[str, Pin]:
        """What its lock pins, by name; raises `PinionError` for what is no lock."""
        path = self.folder / "requirements.lock"
        try:
            return read_pins(_text(path))
        except ValueError as error:
            raise PinionError(f"{path}: {error}") from error


def content_of(name: str, files: Mapping[str, bytes]) -> Content:
    """Return the content of a component's files; raises `PinionError` for what is incomplete."""
    try:
        return Content.of(files)
    except ValueError as error:
        raise PinionError(f"the component {name!r}: {error}") from error


def dev_version(version: str, content: Content) -> str:
    """Return the version of a content that is not published."""
    return f"{version}-dev.{content.hash.rpartition(':')[2][:12]}"


def _project(path: Path) -> tuple[str, tuple[str, ...]]:
    try:
        project = tomllib.loads(_text(path))["project"]
        version = str(version_number(str(project["version"])))
        return version, tuple(project["dependencies"])
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise PinionError(f"{path}: needs [project] version and dependencies: {error}") from error
    except ValueError as error:
        raise PinionError(f"{path}: {error}") from error


def _interface(path: Path) -> Interface:
    try:
        return Interface.parse(_text(path))
    except ValueError as error:
        raise PinionError(f"{path}: {error}") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise PinionError(f"the component {path.parent.name!r} lacks {path.name}") from error
    except UnicodeDecodeError as error:
        raise PinionError(f"{path}: not UTF-8: {error}") from error


def discover(folder: Path) -> dict[str, Component]:
    """All components, which are the folders with a BUILD file, by name.

    Raises `PinionError` where there is none, or where one lacks something.
    """
    found = {
        path.parent.name: Component.load(path.parent) for path in sorted(folder.glob("*/BUILD"))
    }
    if not found:
        raise PinionError(f"no component (a folder with a BUILD file) in {folder}")
    return found


def choose(names: Sequence[str], known: Mapping[str, Component]) -> list[Component]:
    """The components of these names, or all where none is named.

    Raises `UsageError` for a name that is none.
    """
    # Images, packages and folders write a name with dashes or with underscores.
    asked = [name.replace("-", "_") for name in names] or list(known)
    if unknown := [name for name in asked if name not in known]:
        raise UsageError(
            f"unknown component {', '.join(unknown)}; components: {', '.join(sorted(known))}"
        )
    return [known[name] for name in dict.fromkeys(asked)]
