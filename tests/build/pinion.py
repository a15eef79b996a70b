"""The commands of `pipelines` in a working tree that is a git repository of its own."""

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from tests.build.services import Registry
from tests.build.tree import DAEMON, ROOT, call, clone, commit, daemon_of, git


@dataclass(frozen=True)
class Finished:
    """What a command came to; `error` is the line it ends with on stderr."""

    code: int
    stdout: str
    stderr: str

    @property
    def error(self) -> str:
        """The one line that says why it failed."""
        assert "Traceback" not in self.stderr
        return self.stderr.strip().splitlines()[-1] if self.stderr.strip() else ""


@dataclass(frozen=True)
class Tree:
    """A working tree, the registry its commands are told of, and whether Pants has a daemon."""

    folder: Path
    registry: str
    daemon: bool = False

    @classmethod
    def fresh(cls, folder: Path, registry: str) -> "Tree":
        """What is here, committed once."""
        tree = cls(clone(folder), registry)
        tree.git("init", "--quiet", "--initial-branch=main")
        tree.commit("Start")
        return tree

    def cloned(self, folder: Path) -> "Tree":
        """What is committed, in another place."""
        self.git("clone", "--quiet", str(self.folder), str(folder))
        return Tree(folder, self.registry)

    @contextmanager
    def served(self) -> Iterator["Tree"]:
        """The same, with Pants' daemon, which ends with the block."""
        with daemon_of(self.folder):
            yield replace(self, daemon=True)

    def git(self, *arguments: str) -> None:
        """Runs git in the tree."""
        git(self.folder, *arguments)

    def commit(self, message: str) -> None:
        """Commits all there is."""
        commit(self.folder, message)

    def environment(self) -> dict[str, str]:
        """What the commands are told beside their arguments."""
        registries = {"tests": {"address": self.registry, "default": True}}
        return {"PANTS_DOCKER_REGISTRIES": repr(registries), **(DAEMON if self.daemon else {})}

    def locked(self, tag: str) -> dict[str, dict[str, Any]]:
        """What the lock of a release says of each component."""
        path = self.folder / "pipelines" / "releases" / tag / "lock.yaml"
        components: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["components"]
        return components

    def run(self, command: str, *arguments: str, **changes: str) -> Finished:
        """Runs `python -m pipelines.<command>`."""
        python = ROOT / ".venv" / "bin" / "python"
        settings = {**self.environment(), **changes}
        done = call(self.folder, python, "-m", f"pipelines.{command}", *arguments, **settings)
        return Finished(done.returncode, done.stdout, done.stderr)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replaces the first of a text in a file."""
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    def bump(self, component: str, old: str, new: str) -> None:
        """Gives a component a new version and says so in its changelog."""
        folder = f"components/{component}"
        self.edit(f"{folder}/pyproject.toml", f'version = "{old}"', f'version = "{new}"')
        entry = f"## [{new}] - 2026-11-24\n\n### Changed\n\n- A line.\n\n"
        self.edit(f"{folder}/CHANGELOG.md", "## [", f"{entry}## [")


def states(finished: Finished) -> dict[str, str]:
    """What `publish` says of every image: new, pushed or there."""
    assert finished.code == 0, finished.stderr
    lines = re.findall(r"^\S+/pinion/(\S+?)(?:@sha256:\w+)? (\w+)$", finished.stdout, re.MULTILINE)
    return dict(lines)


def manifest(registry: Registry, repository: str, version: str) -> dict[str, Any]:
    """What a registry says of an image."""
    request = urllib.request.Request(
        f"http://{registry.address}/v2/{repository}/manifests/{version}",
        headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def versions_of(folder: Path) -> dict[str, str]:
    """The version of every component in a tree."""
    return {
        path.parent.name: re.findall(r'^version = "(.+)"', path.read_text(), re.MULTILINE)[0]
        for path in sorted(folder.glob("components/*/pyproject.toml"))
    }
