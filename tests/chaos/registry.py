"""A fault of an image registry; it needs a Docker engine that answers."""

import subprocess
import time
from collections.abc import Sequence
from typing import Any

from kfp import dsl

from tests.build.containers import program
from tests.build.images import base_image, docker
from tests.build.services import Registry
from tests.chaos.docker import all_is_done, start
from tests.chaos.scene import Scene
from tests.chaos.waiting import until

# The size of each image that the engine has to pull.
_BYTES = 8_000_000
_IMAGES = 3
# The usual time for pulling all of them.
_SECONDS = 3.0


def registry_down(scene: Scene) -> bool:
    """Stop the registry while a run pulls its images, and start it again.

    The same command then runs to its end.
    """
    with Registry(scene.folder / "registry") as registry:
        images = [_pushed(scene, registry, number) for number in range(_IMAGES)]
        try:
            running = start(scene, pulled(images))
            if scene.held:
                until(lambda: f"pulling {images[1]}" in running.text or not running.alive)
            else:
                time.sleep(scene.random.uniform(0, _SECONDS))
            registry.stop()
            running.end(0, 1)
            struck = running.process.returncode == 1
            if struck:
                assert "is the registry up" in running.text, running.text
                assert not scene.runs, "a run that never began left a folder"
            registry.start()
            start(scene, pulled(images)).end(0)
            all_is_done(scene, _IMAGES)
        finally:
            subprocess.run(["docker", "image", "rm", *images], capture_output=True, check=False)
    return struck


def _pushed(scene: Scene, registry: Registry, number: int) -> str:
    """Push an image with unique bytes, and remove it from the engine."""
    image = f"{registry.address}/chaos/step-{number}:1.0.0"
    folder = scene.folder / f"image-{number}"
    folder.mkdir()
    (folder / "data").write_bytes(scene.random.randbytes(_BYTES))
    (folder / "Dockerfile").write_text(f"FROM {base_image()}\nCOPY data /data\n")
    docker("build", "--quiet", "--no-cache", f"--tag={image}", str(folder))
    docker("push", "--quiet", image)
    docker("image", "rm", image)
    return image


def pulled(images: Sequence[str]) -> Any:
    """Return a pipeline with one step in each image."""
    code = "import sys; open(sys.argv[1], 'w').write('done')"

    @dsl.pipeline(name="pulled")
    def pipeline() -> None:
        for image in images:
            program(code, output="Dataset", image=image)()

    return pipeline
