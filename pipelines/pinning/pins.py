"""The one exact version and image of each component that a pipeline is compiled with."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.components.component import Component
from pipelines.components.image import ImageReference
from pipelines.components.interface import Interface

DEV = "dev"


@dataclass(frozen=True)
class Pin:
    """A component, and the one exact version and image of it that a release holds."""

    name: str
    version: str
    image: str
    interface: Interface

    @property
    def exact(self) -> str:
        """The version, with the image's digest where it is known."""
        return ImageReference.parse(self.image).exact


def dev_pins(components: Mapping[str, Component], registry: str = "") -> list[Pin]:
    """The working tree, pinned to its content; in a registry, if one is named."""
    pins = []
    for name, component in components.items():
        version = component.dev_version()
        repository = f"{registry}/{component.repository}" if registry else component.repository
        pins.append(Pin(name, version, f"{repository}:{version}", component.interface))
    return pins


def component_versions(versions: Mapping[str, str]) -> str:
    """The exact versions of all components as the steps are told them."""
    return ",".join(f"{name}={version}" for name, version in sorted(versions.items()))
