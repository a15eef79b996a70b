"""Inspect and run images with the Docker engine."""

import json
import os
import subprocess
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.build.tree import ROOT, call

# Only a name: nothing is pushed to it.
REGISTRY = "image-test.localhost:5000"

LOCKED_DOWN = [
    *("--rm", "--read-only", "--tmpfs", "/tmp"),  # noqa: S108 - a folder of the container
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "none"),
]


@dataclass(frozen=True)
class File:
    """A file in an image."""

    path: str
    mode: int
    owner: str
    kind: str


@dataclass(frozen=True)
class Image:
    """One built image."""

    reference: str

    @property
    def config(self) -> dict[str, Any]:
        """Its configuration."""
        config: dict[str, Any] = self._inspect()["Config"]
        return config

    @property
    def layers(self) -> list[str]:
        """The digests of its layers, the base image's first."""
        layers: list[str] = self._inspect()["RootFS"]["Layers"]
        return layers

    @property
    def sizes(self) -> list[int]:
        """The sizes of its layers in bytes, the base image's first."""
        listed = docker("history", "--human=false", "--format", "{{.Size}}", self.reference)
        return [size for size in map(int, reversed(listed.split())) if size]

    @cache  # noqa: B019 - images live as long as the tests
    def files(self) -> list[File]:
        """Return every file in the image."""
        find = ["/", "-xdev", "(", "-type", "f", "-or", "-type", "l", ")"]
        listed = self.run("find", *find, "-printf", r"%y %m %U %p\n", options=["--user", "0"])
        fields = (line.split(" ", 3) for line in listed.splitlines())
        return [File(path, int(mode, 8), owner, kind) for kind, mode, owner, path in fields]

    def run(self, *command: str, options: "list[str] | None" = None) -> str:
        """Return the output of a command that runs in place of the entry point."""
        program, *arguments = command
        run = ["run", *LOCKED_DOWN, *(options or []), "--entrypoint", program]
        return docker(*run, self.reference, *arguments)

    def step(self, *arguments: str, options: "list[str] | None" = None) -> str:
        """Return the output of the image's step."""
        return docker("run", *LOCKED_DOWN, *(options or []), self.reference, *arguments)

    def _inspect(self) -> Any:
        return json.loads(docker("image", "inspect", self.reference))[0]


def build(tree: Path, name: str) -> Image:
    """Build the image of a component of a clone, under a name of its own."""
    registries = repr({"default": {"address": REGISTRY, "default": True}})
    target = f"components/{name}:image"
    done = call(tree, "./pants", "package", target, PANTS_DOCKER_REGISTRIES=registries)
    assert done.returncode == 0, done.stderr[-2000:]
    version = project(tree, name)["version"]
    return Image(f"{REGISTRY}/pinion/{name.replace('_', '-')}:{version}")


def project(tree: Path, name: str) -> dict[str, Any]:
    """Return the [project] table of a component."""
    path = tree / "components" / name / "pyproject.toml"
    table: dict[str, Any] = tomllib.loads(path.read_text())["project"]
    return table


def docker(*arguments: str) -> str:
    """Return the output of a Docker command, which must succeed."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def base_image() -> str:
    """Return the image on which the others are built."""
    pinned = (ROOT / "build-support" / "base-image.txt").read_text().strip()
    return os.environ.get("BASE_IMAGE") or pinned
