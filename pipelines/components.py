"""The components of the working tree: a folder each, with a project and an interface."""

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
    """A component as its folder describes it; `interface` is the text of its component.yaml."""

    name: str
    folder: Path
    version: str
    requirements: tuple[str, ...]
    interface: str

    @classmethod
    def load(cls, folder: Path) -> "Component":
        """Reads a component's folder; raises `PinionError` naming the file that is wrong."""
        project_file = folder / "pyproject.toml"
        try:
            project = tomllib.loads(project_file.read_text())["project"]
            version, requirements = str(project["version"]), tuple(project["dependencies"])
            interface = (folder / "component.yaml").read_text()
        except (tomllib.TOMLDecodeError, KeyError) as error:
            raise PinionError(
                f"{project_file}: needs [project] version and dependencies: {error}"
            ) from error
        except FileNotFoundError as error:
            raise PinionError(f"the component {folder.name!r} lacks {error.filename}") from error
        return cls(folder.name, folder, version, requirements, interface)

    @property
    def repository(self) -> str:
        """The image's repository, as component.yaml names it."""
        return ImageReference.parse(
            str(_container(yaml.safe_load(self.interface))["image"])
        ).repository

    def pinned(self, image: str, environment: Mapping[str, str]) -> str:
        """The interface with the exact image and constant environment written into it, as YAML.

        KFP drops metadata on the way into a compiled file; the container is what arrives there.
        """
        interface = yaml.safe_load(self.interface)
        container = _container(interface)
        container["image"] = image
        container["env"] = {**container.get("env", {}), **environment}
        return str(yaml.safe_dump(interface, sort_keys=False, allow_unicode=True))


def _container(interface: dict[str, Any]) -> dict[str, Any]:
    try:
        container: dict[str, Any] = interface["implementation"]["container"]
        return container
    except (KeyError, TypeError) as error:
        raise PinionError("component.yaml needs implementation: container: image") from error


def discover(folder: Path) -> dict[str, Component]:
    """All components under a folder, by name; raises `PinionError` where there is none."""
    found = {
        path.parent.name: Component.load(path.parent)
        for path in sorted(folder.glob("*/component.yaml"))
    }
    if not found:
        raise PinionError(f"no component (a folder with component.yaml) in {folder}")
    return found
