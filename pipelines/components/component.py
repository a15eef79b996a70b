"""Read the components of the working tree: one folder each, with a project and an interface."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipelines.components.content import Content, read_tree
from pipelines.components.image import version_number
from pipelines.components.interface import Interface
from pipelines.components.requirement_locks import Pin, read_pins
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
        """Read a component's folder; raise `PinionError`, naming the file, if one is wrong."""
        version, requirements = _project(folder / "pyproject.toml")
        with _read(folder / "component.yaml") as text:
            interface = Interface.parse(text)
        return cls(folder.name, folder, version, requirements, interface)

    @property
    def repository(self) -> str:
        """The repository of its images in a registry."""
        return self.interface.repository

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Its files in the working tree when they were first asked for, by path in its folder.

        They are read once, so that a run executes what it pinned.
        """
        return read_tree(self.folder, self.folder.parent.parent)

    def content(self) -> Content:
        """Return the content of its files; raise `PinionError` if a file is missing."""
        return self._content

    @cached_property
    def _content(self) -> Content:
        return content_of(self.name, self.files)

    def dev_version(self) -> str:
        """Return its version in the working tree, which no published image can have."""
        return f"{self.version}-dev.{self.content().hash.rpartition(':')[2][:12]}"

    def pins(self) -> dict[str, Pin]:
        """Return what its lock pins, by name; raise `PinionError` if it is not a lock."""
        with _read(self.folder / "requirements.lock") as text:
            return read_pins(text)


def content_of(name: str, files: Mapping[str, bytes]) -> Content:
    """Return the content of a component's files; raise `PinionError` if one is missing or wrong."""
    try:
        return Content.of(files)
    except ValueError as error:
        raise PinionError(f"the component {name!r}: {error}") from error


def _project(path: Path) -> tuple[str, tuple[str, ...]]:
    with _read(path) as text:
        try:
            project = tomllib.loads(text)["project"]
            version, requirements = str(project["version"]), tuple(project["dependencies"])
        except (tomllib.TOMLDecodeError, KeyError) as error:
            raise ValueError(f"[project] needs version and dependencies: {error}") from error
        return str(version_number(version)), requirements


@contextmanager
def _read(path: Path) -> Iterator[str]:
    """Yield the text of a file; a `ValueError` about it becomes a `PinionError` that names it."""
    try:
        yield path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise PinionError(f"the component {path.parent.name!r} has no {path.name}") from error
    except UnicodeDecodeError as error:
        raise PinionError(f"{path} is not UTF-8: {error}") from error
    except ValueError as error:
        raise PinionError(f"{path}: {error}") from error


def discover(folder: Path) -> dict[str, Component]:
    """Return all components of a folder, by name: its subfolders that have a BUILD file.

    Raise `PinionError` if there is none, or if one of them is incomplete.
    """
    found = {
        path.parent.name: Component.load(path.parent) for path in sorted(folder.glob("*/BUILD"))
    }
    if not found:
        raise PinionError(f"{folder} has no component (a folder with a BUILD file)")
    return found


def choose(names: Sequence[str], known: Mapping[str, Component]) -> list[Component]:
    """Return the components of these names, or all components if no name is given.

    Raise `UsageError` for an unknown name.
    """
    # Image names have dashes where packages and folders have underscores; take both.
    asked = [name.replace("-", "_") for name in names] or list(known)
    if unknown := [name for name in asked if name not in known]:
        raise UsageError(
            f"unknown component {', '.join(unknown)}; components: {', '.join(sorted(known))}"
        )
    return [known[name] for name in dict.fromkeys(asked)]
