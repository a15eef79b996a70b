"""Pin each component of a pipeline to one exact version and image."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.components.component import Component
from pipelines.components.image import ImageReference
from pipelines.components.interface import Interface

DEV = "dev"


@dataclass(frozen=True)
class Pin:
    """A component with the exact version and image that a release uses."""

    name: str
    version: str
    image: str
    interface: Interface

    @property
    def exact(self) -> str:
        """The version, with the image's digest if it is known."""
        return ImageReference.parse(self.image).exact


def dev_pins(components: Mapping[str, Component], registry: str = "") -> list[Pin]:
    """Return pins of the working tree by content, with images in a registry if one is given."""
    pins = []
    for name, component in components.items():
        version = component.dev_version()
        repository = f"{registry}/{component.repository}" if registry else component.repository
        pins.append(Pin(name, version, f"{repository}:{version}", component.interface))
    return pins
