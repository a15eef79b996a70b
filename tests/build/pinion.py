"""Run the commands of `pipelines` in a working tree that is a git repository of its own."""

import hashlib
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
    """The result of a command."""

    code: int
    stdout: str
    stderr: str

    @property
    def error(self) -> str:
        """The last line on stderr, which says why it failed."""
        assert "Traceback" not in self.stderr
        return self.stderr.strip().splitlines()[-1] if self.stderr.strip() else ""


@dataclass(frozen=True)
class Tree:
    """A working tree, the registry that its commands use, and whether Pants has a daemon."""

    folder: Path
    registry: str
    daemon: bool = False

    @classmethod
    def fresh(cls, folder: Path, registry: str) -> "Tree":
        """Copy the working tree, and commit everything once."""
        tree = cls(clone(folder), registry)
        tree.git("init", "--quiet", "--initial-branch=main")
        tree.commit("Start")
        return tree

    def cloned(self, folder: Path) -> "Tree":
        """Clone the committed state to another folder."""
        self.git("clone", "--quiet", str(self.folder), str(folder))
        return Tree(folder, self.registry)

    @contextmanager
    def served(self) -> Iterator["Tree"]:
        """Yield the same tree with Pants' daemon, which ends with the block."""
        with daemon_of(self.folder):
            yield replace(self, daemon=True)

    def git(self, *arguments: str) -> None:
        """Run git in the tree."""
        git(self.folder, *arguments)

    def commit(self, message: str) -> None:
        """Commit everything."""
        commit(self.folder, message)

    def environment(self) -> dict[str, str]:
        """Return the environment variables of the commands."""
        registries = {"tests": {"address": self.registry, "default": True}}
        return {"PANTS_DOCKER_REGISTRIES": repr(registries), **(DAEMON if self.daemon else {})}

    def locked(self, tag: str) -> dict[str, dict[str, Any]]:
        """Return the components in the lock of a release."""
        path = self.folder / "pipelines" / "releases" / tag / "lock.yaml"
        components: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text())["components"]
        return components

    def run(self, command: str, *arguments: str, **changes: str) -> Finished:
        """Run `python -m pipelines.<command>`."""
        python = ROOT / ".venv" / "bin" / "python"
        settings = {**self.environment(), **changes}
        done = call(self.folder, python, "-m", f"pipelines.{command}", *arguments, **settings)
        return Finished(done.returncode, done.stdout, done.stderr)

    def move_release(self, tag: str, address: str) -> None:
        """Replace the registry in a release by that of the tree; commit and tag it."""
        folder = self.folder / "pipelines" / "releases" / tag
        lock, pipeline = ((folder / name).read_text() for name in ("lock.yaml", "pipeline.yaml"))
        moved = pipeline.replace(f"{address}/", f"{self.registry}/")
        (folder / "pipeline.yaml").write_text(moved)
        body = lock.replace(address, self.registry).replace(_hash(pipeline), _hash(moved))
        body = body.rpartition("checksum: ")[0]
        (folder / "lock.yaml").write_text(f"{body}checksum: {_hash(body)}\n")
        self.commit(f"Move release {tag}")
        self.git("tag", "--force", tag)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace the first occurrence of a text in a file."""
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    def bump(self, component: str, old: str, new: str) -> None:
        """Give a component a new version, and add it to its changelog."""
        folder = f"components/{component}"
        self.edit(f"{folder}/pyproject.toml", f'version = "{old}"', f'version = "{new}"')
        entry = f"## [{new}] - 2026-11-24\n\n### Changed\n\n- A line.\n\n"
        self.edit(f"{folder}/CHANGELOG.md", "## [", f"{entry}## [")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def states(finished: Finished) -> dict[str, str]:
    """Return the state that `publish` reports for each image: new, pushed or exists."""
    assert finished.code == 0, finished.stderr
    lines = re.findall(r"^\S+/pinion/(\S+?)(?:@sha256:\w+)? (\w+)$", finished.stdout, re.MULTILINE)
    return dict(lines)


def manifest(registry: Registry, repository: str, version: str) -> dict[str, Any]:
    """Return the manifest of an image in a registry."""
    request = urllib.request.Request(
        f"http://{registry.address}/v2/{repository}/manifests/{version}",
        headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def versions_of(folder: Path) -> dict[str, str]:
    """Return the version of every component in a tree."""
    return {
        path.parent.name: re.findall(r'^version = "(.+)"', path.read_text(), re.MULTILINE)[0]
        for path in sorted(folder.glob("components/*/pyproject.toml"))
    }
