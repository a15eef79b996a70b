"""Measure the time from a changed line to a pushed image: `python -m benchmarks.image_build`.

It compares three layouts, with a registry on this machine: an image per step, as Pinion builds it;
one image for all steps, with `COPY . .` before `pip install`; the same with the sources copied
last.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.components.requirement_locks import Pin, read_pins
from tests.build.images import base_image
from tests.build.pinion import manifest
from tests.build.services import Registry
from tests.build.tree import ROOT, clone, git

CHANGED = Path("components/train/train/models.py")
INSTALL = (
    "RUN python3 -m pip install -q --no-deps --no-index --find-links /wheels --no-cache-dir"
    " --break-system-packages --root-user-action ignore -r requirements.txt"
)
CLASSIC = f"WORKDIR /src\nCOPY . .\n{INSTALL}\n"
ORDERED = f"WORKDIR /src\nCOPY requirements.txt .\n{INSTALL}\nCOPY . .\n"


@dataclass(frozen=True)
class Result:
    """The cost of one change: seconds to build and to download, and bytes pushed."""

    layout: str
    build: float
    pushed: int
    download: float = 0

    @property
    def seconds(self) -> float:
        """The seconds from the changed line to the pushed image."""
        return self.build + self.download

    def line(self, best: "Result") -> str:
        """Return a row of the table, compared with the best."""
        times = f"{self.download:8.1f} s {self.build:8.1f} s {self.seconds:8.1f} s"
        ratios = f"{self.seconds / best.seconds:6.1f} x {self.pushed / best.pushed:8.0f} x"
        return f"{self.layout:28}{times} {self.pushed / 1e6:10.3f} MB {ratios}"


def main() -> int:
    """Run and print all three layouts."""
    with tempfile.TemporaryDirectory() as scratch, Registry(Path(scratch, "registry")) as registry:
        tree = clone(Path(scratch, "clone"))
        git(tree, "init", "--quiet")
        say("collecting the packages of all steps")
        wheels, download = wheel_image(Path(scratch, "wheels"))
        first = common("one image, sources first", CLASSIC, tree, wheels, registry)
        results = [
            pinion(tree, registry),
            # Its `pip install` runs, and downloads, after every change.
            replace(first, download=download),
            common("one image, sources last", ORDERED, tree, wheels, registry),
        ]
    heads = f"{'download':>10} {'build':>10} {'in all':>10} {'pushed':>13}"
    print(f"{'layout':28}{heads} {'time':>8} {'bytes':>10}")
    print("\n".join(result.line(results[0]) for result in results))
    return 0


def pinion(tree: Path, registry: Registry) -> Result:
    """Measure an image per step, made of two PEXes."""
    registries = repr({"default": {"address": registry.address, "default": True}})
    version = "benchmark"
    changes = {"PANTS_DOCKER_REGISTRIES": registries, "PINION_IMAGE_VERSIONS": f"train={version}"}

    def publish() -> None:
        run("./pants", "publish", "components/train:image", folder=tree, **changes)

    result = measure("an image per step", publish, tree, registry, "pinion/train", version)
    run("docker", "rmi", "--no-prune", f"{registry.address}/pinion/train:{version}")
    return result


def common(layout: str, recipe: str, tree: Path, wheels: str, registry: Registry) -> Result:
    """Measure one image with every step and every package."""
    context = tree.parent / layout.replace(" ", "-")
    repository = f"classic/{layout.replace(', ', '-').replace(' ', '-')}"
    image = f"{registry.address}/{repository}:1"

    def publish() -> None:
        for package in sorted((tree / "components").glob("*/*/__init__.py")):
            shutil.copytree(package.parent, context / package.parent.name, dirs_exist_ok=True)
        (context / "requirements.txt").write_text(requirements())
        (context / "Dockerfile").write_text(f"FROM {wheels}\n{recipe}")
        run("docker", "build", "--quiet", "--tag", image, str(context))
        run("docker", "push", "--quiet", image)

    result = measure(layout, publish, tree, registry, repository, "1")
    run("docker", "rmi", image)
    return result


def measure(
    layout: str,
    publish: Callable[[], None],
    tree: Path,
    registry: Registry,
    repository: str,
    tag: str,
) -> Result:
    """Publish, change a line and publish again; return the cost of the second time."""
    say(f"{layout}: the first build")
    publish()
    before = blobs(registry, repository, tag)
    source = tree / CHANGED
    source.write_text(f"{source.read_text()}\nCHANGED = {time.time_ns()}\n")
    say(f"{layout}: the change")
    # Pants' daemon notices the change meanwhile, as between saving a file and calling Pants.
    time.sleep(2)
    start = time.monotonic()
    publish()
    seconds = time.monotonic() - start
    after = blobs(registry, repository, tag)
    return Result(layout, seconds, sum(after[new] for new in after.keys() - before.keys()))


def blobs(registry: Registry, repository: str, tag: str) -> dict[str, int]:
    """Return the compressed layers of a pushed image, with their sizes in bytes."""
    layers = manifest(registry, repository, tag)["layers"]
    return {layer["digest"]: layer["size"] for layer in layers}


def requirements() -> str:
    """Return the packages of all steps, in the versions of their locks."""
    pins: dict[str, Pin] = {}
    for lock in sorted(ROOT.glob("components/*/requirements.lock")):
        pins |= read_pins(lock.read_text())
    return "".join(f"{name}=={pins[name].version}\n" for name in sorted(pins))


def wheel_image(folder: Path) -> tuple[str, float]:
    """Build the base image with all packages; return its name and the seconds of the download.

    A build does not have a network everywhere, so the packages that a classic build downloads are
    in its base image, in a layer that is not counted.
    """
    folder.mkdir()
    (folder / "requirements.txt").write_text(requirements())
    download = [
        "pip",
        "download",
        "-q",
        "--no-cache-dir",
        "--no-deps",
        "--only-binary=:all:",
        "-d",
        "wheels",
    ]
    start = time.monotonic()
    run(sys.executable, "-m", *download, "-r", "requirements.txt", folder=folder)
    seconds = time.monotonic() - start
    (folder / "Dockerfile").write_text(f"FROM {base_image()}\nCOPY wheels /wheels\n")
    run("docker", "build", "--quiet", "--tag", "pinion/benchmark-wheels", str(folder))
    return "pinion/benchmark-wheels", seconds


def run(*command: str, folder: Path = ROOT, **changes: str) -> None:
    """Run a command, which must succeed."""
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **changes}, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr[-1000:]}")


def say(text: str) -> None:
    """Print progress to stderr."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
