"""The images of the working tree, built where a run needs them."""

import os
import sys
from collections.abc import Mapping, Sequence

from pipelines.components.component import Component
from pipelines.components.image import ImageReference
from pipelines.system.errors import PinionError
from pipelines.system.pants import run_pants
from pipelines.system.workspace import Workspace


def build(
    workspace: Workspace, components: Mapping[str, Component], images: Sequence[ImageReference]
) -> None:
    """Builds images under the names that `compile dev` gives them.

    Raises `PinionError` for one that is not of the working tree as it is.
    """
    wanted = {image: _component(components, image) for image in images}
    for image, component in wanted.items():
        here = component.dev_version()
        if image.tag != here:
            raise PinionError(
                f"{image} is not on this machine, and the working tree is {here}; compile again"
                " (python -m pipelines.compile dev)"
            )
    for component in wanted.values():
        print(f"building the image of {component.name}", file=sys.stderr)
    if base := os.environ.get("BASE_IMAGE"):
        print(f"building on {base}, by BASE_IMAGE", file=sys.stderr)
    versions = {component.name: image.tag for image, component in wanted.items()}
    run_pants(
        workspace,
        ["package", *(f"components/{name}:image" for name in versions)],
        {
            # They are for this machine: no registry is in their names.
            "PANTS_DOCKER_REGISTRIES": "{}",
            "PINION_IMAGE_VERSIONS": " ".join(f"{name}={tag}" for name, tag in versions.items()),
        },
    )


def _component(components: Mapping[str, Component], image: ImageReference) -> Component:
    for component in components.values():
        if image.repository == component.repository:
            return component
    raise PinionError(
        f"{image} is not on this machine, and its name holds no registry to pull it from"
    )
