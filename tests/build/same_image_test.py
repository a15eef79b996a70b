"""The docker wrapper that Pants calls builds only images that the engine lacks."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.build.images import docker
from tests.build.tree import ROOT, call

pytestmark = pytest.mark.docker

# Comes before the real program on the PATH, and records its calls.
RECORDING = '#!/bin/bash\necho "$1" >> {log}\nexec {docker} "$@"\n'


class Calls:
    """A folder to build in, and the calls of the engine."""

    def __init__(self, folder: Path) -> None:
        self.name = f"same-image-{uuid4().hex[:8]}"
        self.context, self.log = folder / "context", folder / "log"
        self.context.mkdir()
        (self.context / "words").write_text("one")
        (self.context / "Dockerfile").write_text(
            f"ARG BASE_IMAGE\nFROM ${{BASE_IMAGE}}\nLABEL of={self.name}\nCOPY words /words\n"
        )
        real = subprocess.check_output(["which", "docker"], text=True).strip()
        (folder / "bin").mkdir()
        recording = folder / "bin" / "docker"
        recording.write_text(RECORDING.format(log=self.log, docker=real))
        recording.chmod(0o755)
        self.path = f"{folder / 'bin'}:/usr/bin:/bin"

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Call our wrapper."""
        ours = ROOT / "build-support" / "docker" / "docker"
        return call(self.context, ours, *arguments, PATH=self.path)

    def base(self, text: str) -> str:
        """Build a base image with this text."""
        name = f"{self.name}-base"
        folder = self.context.parent / "base"
        folder.mkdir(exist_ok=True)
        (folder / "base").write_text(text)
        (folder / "Dockerfile").write_text("FROM scratch\nCOPY base /base\n")
        docker("build", "--quiet", "--tag", name, str(folder))
        return name

    def build(self, *flags: str, tag: str = "1") -> tuple[str, bool]:
        """Build as Pants does; return the image's id, and whether the engine built something."""
        self.log.write_text("")
        base = f"BASE_IMAGE={self.name}-base"
        named = ("--tag", f"{self.name}:{tag}", "--build-arg", base)
        done = self.run("build", *flags, *named, "--file", "Dockerfile", ".")
        assert done.returncode == 0, done.stderr
        image = docker("image", "inspect", "--format", "{{.Id}}", f"{self.name}:{tag}").strip()
        # Pants reads the id from the last line of either builder.
        assert image.removeprefix("sha256:")[:12] in done.stdout + done.stderr
        return image, "build" in self.log.read_text().split()


@pytest.fixture()
def calls(tmp_path: Path) -> Iterator[Calls]:
    made = Calls(tmp_path)
    made.base("a")
    yield made
    for name in (made.name, f"{made.name}-base"):
        tags = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", name).split()
        if tags:
            docker("image", "rm", *tags)
        docker("image", "prune", "--force", "--filter", f"label=of={made.name}")


def test_an_unchanged_image_is_built_once(calls: Calls) -> None:
    first, built = calls.build()
    again, built_again = calls.build()
    assert (built, built_again) == (True, False)
    assert again == first


def test_another_tag_gets_the_same_image(calls: Calls) -> None:
    first, _ = calls.build()
    other, built = calls.build(tag="2")
    assert (other, built) == (first, True)


@pytest.mark.parametrize("flags", [("--label", "revision=2"), ("--build-arg", "MORE=2")])
def test_other_flags_need_a_build(calls: Calls, flags: tuple[str, str]) -> None:
    calls.build()
    assert calls.build(*flags)[1]


def test_a_changed_file_is_built_and_so_is_changing_it_back(calls: Calls) -> None:
    first, _ = calls.build()
    (calls.context / "words").write_text("two")
    second, built = calls.build()
    (calls.context / "words").write_text("one")
    third, built_back = calls.build()
    assert (built, built_back) == (True, True)
    assert second != first
    assert third == first


def test_a_changed_base_image_needs_a_build(calls: Calls) -> None:
    calls.build()
    calls.base("b")
    assert calls.build()[1]
    assert not calls.build()[1]


def test_an_image_that_was_removed_is_built_again(calls: Calls) -> None:
    calls.build()
    docker("image", "rm", f"{calls.name}:1")
    assert calls.build()[1]


def test_all_other_commands_are_passed_on(calls: Calls) -> None:
    version = calls.run("version", "--format", "{{.Server.Version}}")
    assert version.stdout == docker("version", "--format", "{{.Server.Version}}")
    assert calls.run("image", "inspect", f"{calls.name}:none").returncode == 1
    (calls.context / "Dockerfile").write_text("FROM scratch\nCOPY nothing /\n")
    failed = calls.run("build", "--tag", f"{calls.name}:1", "--file", "Dockerfile", ".")
    assert failed.returncode != 0
    assert "nothing" in failed.stdout + failed.stderr
