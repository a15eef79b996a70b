"""The packaged form of a component: two PEXes, one with its dependencies, one with its code."""

import fcntl
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from pipelines.components import Component
from pipelines.contents import Content, versions
from pipelines.errors import PinionError
from pipelines.pants import run_pants
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

    def content(self) -> Content:
        """What makes the component, as an image of it describes itself."""
        files = (
            self.deps / "PEX-INFO",
            self.app / "PEX-INFO",
            self.component.folder / "component.yaml",
            self.component.folder / "Dockerfile",
        )
        try:
            return Content.parse(
                {name: path.read_bytes() for name, path in zip(Content.FILES, files, strict=True)}
            )
        except ValueError as error:
            raise PinionError(f"{self.component.folder} or its package: {error}") from error

    def dev_version(self) -> str:
        """The version of a working tree's build, which no published image can have."""
        return f"{self.component.version}-dev.{self.content().hash[:12]}"

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
        locked = self.component.pins()
        for wheel in info["distributions"]:
            if not (self.deps / ".deps" / wheel).exists():
                return "its package is damaged"
        for name, version in versions(info["distributions"]).items():
            if name not in locked or locked[name].version != version:
                return f"its lock has another {name} than it was packaged with"
        return None


def _is_data(path: Path) -> bool:
    return path.is_file() and path.suffix not in (".py", ".pyc")


def _pex_info(pex: Path) -> dict[str, list[str]]:
    info: dict[str, list[str]] = json.loads((pex / "PEX-INFO").read_text())
    return info


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
    packages, stale = _found(workspace, components)
    if not stale:
        return packages
    with dist_lock(workspace, exclusive=True):
        # Another process may have packaged them while this one waited.
        if stale := _stale(packages):
            _package(workspace, stale)
    return packages


def fresh(workspace: Workspace, components: Iterable[Component]) -> dict[str, Package] | None:
    """The packages of components, None where one of them would have to be made."""
    packages, stale = _found(workspace, components)
    return None if stale else packages


def _found(
    workspace: Workspace, components: Iterable[Component]
) -> tuple[dict[str, Package], dict[str, str]]:
    packages = {component.name: package_of(workspace, component) for component in components}
    with dist_lock(workspace, exclusive=False):
        return packages, _stale(packages)


def _stale(packages: dict[str, Package]) -> dict[str, str]:
    return {name: why for name, package in packages.items() if (why := package.stale())}


def _package(workspace: Workspace, stale: dict[str, str]) -> None:
    for name, why in stale.items():
        print(f"packaging {name}: {why}", file=sys.stderr)
    targets = [f"components/{name}:{pex}" for name in stale for pex in ("deps", "app")]
    run_pants(workspace, ["package", *targets])
