"""The fault of a registry of images; it needs a Docker engine that answers."""

import subprocess
import time
from collections.abc import Sequence
from typing import Any

from kfp import dsl

from tests.build.containers import command, containers, program
from tests.build.images import base_image, docker
from tests.build.services import Registry
from tests.build.tree import ROOT, environment
from tests.chaos.scene import Running, Scene
from tests.chaos.waiting import until
from tests.running import run_folders

# Of each image that the engine then has to fetch.
_BYTES = 8_000_000
_IMAGES = 3
# In which all are fetched, as a rule.
_SECONDS = 3.0


def registry_down(scene: Scene) -> bool:
    """The registry goes down while a run fetches its images, and comes back.

    The same command then runs to its end.
    """
    with Registry(scene.folder / "registry") as registry:
        images = [_pushed(scene, registry, number) for number in range(_IMAGES)]
        try:
            running = _start(scene, images)
            if scene.held:
                until(lambda: f"pulling {images[1]}" in running.text or not running.alive)
            else:
                time.sleep(scene.random.uniform(0, _SECONDS))
            registry.stop()
            running.end(0, 1)
            struck = running.process.returncode == 1
            if struck:
                assert "is the registry up" in running.text, running.text
                assert not run_folders(scene.output), "a run that never began left a folder"
            registry.start()
            _start(scene, images).end(0)
            last = run_folders(scene.output)[-1]
            outputs = [path.read_text() for path in sorted(last.glob("program*/out"))]
            assert outputs == ["done"] * _IMAGES, outputs
            assert not containers(last.name), "a run that ended has containers"
        finally:
            subprocess.run(["docker", "image", "rm", *images], capture_output=True, check=False)
    return struck


def _pushed(scene: Scene, registry: Registry, number: int) -> str:
    """An image that the registry alone has, of bytes that no other has."""
    image = f"{registry.address}/chaos/step-{number}:1.0.0"
    folder = scene.folder / f"image-{number}"
    folder.mkdir()
    (folder / "data").write_bytes(scene.random.randbytes(_BYTES))
    (folder / "Dockerfile").write_text(f"FROM {base_image()}\nCOPY data /data\n")
    docker("build", "--quiet", "--no-cache", f"--tag={image}", str(folder))
    docker("push", "--quiet", image)
    docker("image", "rm", image)
    return image


def _pulled(images: Sequence[str]) -> Any:
    code = "import sys; open(sys.argv[1], 'w').write('done')"

    @dsl.pipeline(name="pulled")
    def pipeline() -> None:
        for image in images:
            program(code, output="Dataset", image=image)()

    return pipeline


def _start(scene: Scene, images: Sequence[str]) -> Running:
    printed = scene.folder / f"printed-{len(scene.started)}"
    with printed.open("wb") as file:
        process = subprocess.Popen(
            command(scene.folder, _pulled(images)),
            cwd=scene.folder,
            env=environment(PYTHONPATH=str(ROOT)),
            stdout=file,
            stderr=file,
        )
    scene.started.append(Running(process, printed, frozenset(scene.runs)))
    return scene.started[-1]
