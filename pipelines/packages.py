"""The packaged form of a component: two PEXes, one with its dependencies, one with its code."""

import fcntl
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pipelines.components import Component
from pipelines.errors import PinionError
from pipelines.workspace import Workspace


@dataclass(frozen=True)
class Package:
    """The PEX pair of a component under `dist`, in Pants' packed layout."""

    component: Component
    folder: Path

    @property
    def deps(self) -> Path:
        """The PEX of the dependencies."""
        return self.folder / "deps.pex"

    @property
    def app(self) -> Path:
        """The PEX of the component's own code."""
        return self.folder / "app.pex"

    def deps_hash(self) -> str:
        """Hash of the dependencies alone."""
        return str(_pex_info(self.deps)["pex_hash"])

    def pex_hash(self) -> str:
        """Hash of both PEXes: of what runs, wherever it was built."""
        pair = f"{self.deps_hash()}\n{_pex_info(self.app)['pex_hash']}"
        return hashlib.sha256(pair.encode()).hexdigest()

    def content_hash(self) -> str:
        """Hash of all that makes the component: both PEXes, the interface and the Dockerfile."""
        digest = hashlib.sha256(self.pex_hash().encode())
        for name in ("component.yaml", "Dockerfile"):
            content = (self.component.folder / name).read_bytes()
            digest.update(hashlib.sha256(content).digest())
        return digest.hexdigest()

    def dev_version(self) -> str:
        """The version of a working tree's build, which no published image can have."""
        return f"{self.component.version}-dev.{self.content_hash()[:12]}"

    def stale(self) -> str | None:
        """Why the PEXes are not the working tree's, or None where they are."""
        if not (self.deps / "PEX-INFO").exists() or not (self.app / "PEX-INFO").exists():
            return "not packaged yet"
        try:
            return self._changed_source() or self._changed_requirement()
        except (ValueError, KeyError):
            return "its package is damaged"

    def _changed_source(self) -> str | None:
        packaged = self.app / self.component.name
        for copy in sorted(path for path in packaged.rglob("*") if path.is_file()):
            source = self.component.folder / copy.relative_to(self.app)
            if copy.suffix != ".pyc" and (
                not source.exists() or source.read_bytes() != copy.read_bytes()
            ):
                return f"{source.name} changed since it was packaged"
        return self._new_data()

    def _new_data(self) -> str | None:
        """A file beside packaged data; new code is noticed by what imports it."""
        packaged = self.app / self.component.name
        for folder in {path.parent for path in packaged.rglob("*") if _is_data(path)}:
            source = self.component.folder / folder.relative_to(self.app)
            here, there = (
                {path.name for path in each.iterdir() if _is_data(path)}
                for each in (source, folder)
            )
            if here - there:
                return f"{min(here - there)} is new since it was packaged"
        return None

    def _changed_requirement(self) -> str | None:
        info = _pex_info(self.deps)
        if set(map(Requirement, info["requirements"])) != set(
            map(Requirement, self.component.requirements)
        ):
            return "its dependencies changed since it was packaged"
        locked = _locked_versions(self.component.folder / "requirements.lock")
        for wheel in info["distributions"]:
            if not (self.deps / ".deps" / wheel).exists():
                return "its package is damaged"
            name, version = wheel.split("-")[:2]
            if locked.get(canonicalize_name(name)) != version:
                return f"its lock has another {name} than it was packaged with"
        return None


def _is_data(path: Path) -> bool:
    return path.is_file() and path.suffix not in (".py", ".pyc")


def _pex_info(pex: Path) -> dict[str, list[str]]:
    info: dict[str, list[str]] = json.loads((pex / "PEX-INFO").read_text())
    return info


def _locked_versions(lock: Path) -> dict[str, str]:
    pins = re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


def package_of(workspace: Workspace, component: Component) -> Package:
    """Where Pants puts a component's PEXes."""
    return Package(component, workspace.dist / f"components.{component.name}")


@contextmanager
def dist_lock(workspace: Workspace, exclusive: bool) -> Iterator[None]:
    """Keeps a reader of `dist` and a Pants that writes it apart, in whatever processes."""
    workspace.dist.mkdir(parents=True, exist_ok=True)
    with (workspace.dist / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield


def packaged(workspace: Workspace, components: Iterable[Component]) -> dict[str, Package]:
    """The packages of components, made by Pants first where they are missing or stale.

    Raises `PinionError` where Pants fails or is not there.
    """
    packages = {component.name: package_of(workspace, component) for component in components}
    with dist_lock(workspace, exclusive=False):
        if not _stale(packages):
            return packages
    with dist_lock(workspace, exclusive=True):
        # Another process may have packaged them while this one waited.
        if stale := _stale(packages):
            _run_pants(workspace, stale)
    return packages


def _stale(packages: dict[str, Package]) -> dict[str, str]:
    return {name: why for name, package in packages.items() if (why := package.stale())}


def _run_pants(workspace: Workspace, stale: dict[str, str]) -> None:
    launcher = workspace.root / "pants"
    targets = [f"components/{name}:{pex}" for name in stale for pex in ("deps", "app")]
    command = " ".join(["./pants", "package", *targets])
    for name, why in stale.items():
        print(f"packaging {name}: {why}", file=sys.stderr)
    if not launcher.exists():
        raise PinionError(
            f"{', '.join(stale)}: not packaged, and {launcher} is not there; run: {command}"
        )
    done = subprocess.run(
        [launcher, "package", *targets], cwd=workspace.root, stdout=sys.stderr, check=False
    )
    if done.returncode != 0:
        raise PinionError(f"packaging failed, see Pants' messages above; it ran: {command}")
