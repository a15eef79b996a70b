"""Attach an image's SBOM to its digest in the registry, and require it there."""

from collections.abc import Mapping

from pipelines.components.component import Component
from pipelines.components.sbom import MEDIA_TYPE, missing, sbom
from pipelines.pinning.lock import Lock
from pipelines.registry.client import Image, Registry
from pipelines.registry.referrers import Referrers
from pipelines.system.errors import PinionError


def attach(registry: Registry, component: Component, version: str, image: Image) -> bool:
    """Attach a component's SBOM to its image unless it has one; return whether it had none.

    Raises `PinionError` if the SBOM in the registry does not fit the image.
    """
    referrers = Referrers(registry, component.repository, image.digest)
    if new := referrers.find(MEDIA_TYPE) is None:
        referrers.attach(MEDIA_TYPE, sbom(component, version))
    found = referrers.find(MEDIA_TYPE) or b""
    _require_complete(f"{component.name} {version}", found, image.content.requirements)
    return new


def require(registry: Registry, lock: Lock) -> None:
    """Raise `PinionError` if an image of a release has no SBOM, or that of another image."""
    for name, locked in lock.components.items():
        label = f"{name} {locked.version}"
        repository = locked.image.repository.removeprefix(f"{registry.address}/")
        found = Referrers(registry, repository, locked.image.digest).find(MEDIA_TYPE)
        if found is None:
            raise PinionError(
                f"{label} has no SBOM in {registry.address}; if its publication was interrupted,"
                f" finish it with python -m pipelines.publish {name}"
            )
        _require_complete(label, found, locked.requirements)


def _require_complete(label: str, found: bytes, requirements: Mapping[str, str]) -> None:
    if absent := missing(requirements, found):
        raise PinionError(
            f"the SBOM of {label} in the registry does not list {absent}, which its image"
            " contains; delete that SBOM and publish again"
        )
