"""Build the images of the working tree when a run needs them."""

import os
import sys
from collections.abc import Mapping, Sequence

from pipelines.components.component import Component
from pipelines.components.image import ImageReference
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace, run_pants


def build(
    workspace: Workspace, components: Mapping[str, Component], images: Sequence[ImageReference]
) -> None:
    """Build images under the names that `compile dev` gives them.

    Raise `PinionError` for an image of other content than the working tree has.
    """
    wanted = {image: _component(components, image) for image in images}
    for image, component in wanted.items():
        # Pants builds what is there now.
        here = Component.load(component.folder).dev_version()
        if image.tag != here:
            raise PinionError(
                f"{image} is not on this machine, and cannot be built, because the working tree is"
                f" now {here}; compile again (python -m pipelines.compile dev)"
            )
    for component in wanted.values():
        print(f"building the image of {component.name}", file=sys.stderr)
    if base := os.environ.get("BASE_IMAGE"):
        print(f"the base image is {base}, set by BASE_IMAGE", file=sys.stderr)
    versions = {component.name: image.tag for image, component in wanted.items()}
    run_pants(
        workspace,
        ["package", *(f"components/{name}:image" for name in versions)],
        {
            # They are for this machine, so their names hold no registry.
            "PANTS_DOCKER_REGISTRIES": "{}",
            "PINION_IMAGE_VERSIONS": " ".join(f"{name}={tag}" for name, tag in versions.items()),
        },
    )


def _component(components: Mapping[str, Component], image: ImageReference) -> Component:
    for component in components.values():
        if image.repository == component.repository:
            return component
    raise PinionError(
        f"{image} is not on this machine, and its name has no registry to pull it from; compile"
        " again (python -m pipelines.compile dev)"
    )
