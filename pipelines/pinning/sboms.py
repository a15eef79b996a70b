"""The SBOM of an image, where its registry has it: attached to the image's digest."""

from collections.abc import Mapping

from pipelines.components.component import Component
from pipelines.components.sbom import MEDIA_TYPE, missing, sbom
from pipelines.pinning.lock import Lock
from pipelines.registry.client import Image, Registry
from pipelines.registry.referrers import Referrers
from pipelines.system.errors import PinionError


def attach(registry: Registry, component: Component, version: str, image: Image) -> bool:
    """Attaches the SBOM of a component to its image, unless it has one; whether it had none.

    Raises `PinionError` where it is not that of the image.
    """
    referrers = Referrers(registry, component.repository, image.digest)
    if new := referrers.find(MEDIA_TYPE) is None:
        referrers.attach(MEDIA_TYPE, sbom(component, version))
    found = referrers.find(MEDIA_TYPE) or b""
    _hold(f"{component.name} {version}", found, image.content.requirements)
    return new


def require(registry: Registry, lock: Lock) -> None:
    """Raises `PinionError` where an image of a release has no SBOM, or that of something else."""
    for name, locked in lock.components.items():
        label = f"{name} {locked.version}"
        repository = locked.image.repository.removeprefix(f"{registry.address}/")
        found = Referrers(registry, repository, locked.image.digest).find(MEDIA_TYPE)
        if found is None:
            raise PinionError(
                f"{label} has no SBOM in {registry.address}; its publication was broken off: finish"
                f" it (python -m pipelines.publish {name})"
            )
        _hold(label, found, locked.requirements)


def _hold(label: str, found: bytes, requirements: Mapping[str, str]) -> None:
    if lacks := missing(requirements, found):
        raise PinionError(
            f"the SBOM that the registry has of {label} does not list {lacks}, which its image"
            " holds; delete it there and publish again"
        )
