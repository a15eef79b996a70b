"""The components of the working tree: a folder each, with a project and an interface."""

import copy
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipelines.errors import PinionError
from pipelines.images import ImageReference


@dataclass(frozen=True)
class Component:
    """A component as its folder describes it; `interface` is what component.yaml holds."""

    name: str
    folder: Path
    version: str
    requirements: tuple[str, ...]
    repository: str
    interface: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> "Component":
        """Reads a component's folder; raises `PinionError` naming the file that is wrong."""
        version, requirements = _project(folder / "pyproject.toml")
        interface, image = _interface(folder / "component.yaml")
        repository = ImageReference.parse(image).repository
        return cls(folder.name, folder, version, requirements, repository, interface)

    def pinned(self, image: str, environment: Mapping[str, str]) -> str:
        """The interface with the exact image and constant environment written into it, as YAML.

        KFP drops metadata on the way into a compiled file; the container is what arrives there.
        """
        interface = copy.deepcopy(self.interface)
        container = interface["implementation"]["container"]
        container["image"] = image
        container["env"] = {**container.get("env", {}), **environment}
        return str(yaml.safe_dump(interface, sort_keys=False, allow_unicode=True))


def _project(path: Path) -> tuple[str, tuple[str, ...]]:
    try:
        project = tomllib.loads(_text(path))["project"]
        return str(project["version"]), tuple(project["dependencies"])
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise PinionError(f"{path}: needs [project] version and dependencies: {error}") from error


def _interface(path: Path) -> tuple[dict[str, Any], str]:
    try:
        interface: dict[str, Any] = yaml.safe_load(_text(path))
        return interface, str(interface["implementation"]["container"]["image"])
    except yaml.YAMLError as error:
        raise PinionError(f"{path}: not YAML: {error}") from error
    except (KeyError, TypeError) as error:
        raise PinionError(f"{path}: needs implementation: container: image") from error


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
