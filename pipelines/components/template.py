"""Make a component from the template in `build-support/component`."""

import keyword
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from pipelines.components.component import discover
from pipelines.components.requirement_locks import read_pins
from pipelines.system.errors import PinionError, UsageError
from pipelines.system.workspace import Workspace, whole

# The template's own name, in file names and in text; with a dash in names of images and packages.
_PLACEHOLDER = "new_step"
# Pants would read a file of its own name, or one that begins with it.
_BUILD = "component.BUILD"
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_RESERVED = ("pipelines", "tests", "benchmarks", "libraries", "pinion_step", "dev")


@dataclass(frozen=True)
class NewComponent:
    """A component that does not exist yet, and the files that must know its name."""

    workspace: Workspace
    name: str

    @property
    def folder(self) -> Path:
        """The component's folder."""
        return self.workspace.components / self.name

    @property
    def template(self) -> Path:
        """The folder that the component is copied from."""
        return self.workspace.root / "build-support" / "component"

    def check(self) -> None:
        """Raise `UsageError` if no component can have this name."""
        if not _NAME.fullmatch(self.name) or keyword.iskeyword(self.name):
            raise UsageError(
                f"{self.name!r} cannot name a component; use lowercase words joined by underscores,"
                " such as count_rows"
            )
        if self.name in {*_RESERVED, _PLACEHOLDER, *sys.stdlib_module_names}:
            raise UsageError(f"{self.name!r} is the name of another Python module; choose another")
        if self.folder.exists():
            raise UsageError(
                f"{self.folder} exists already; components:"
                f" {', '.join(sorted(discover(self.workspace.components)))}"
            )
        lock = self.template / "requirements.lock"
        if self.name.replace("_", "-") in read_pins(lock.read_text()):
            raise UsageError(
                f"{self.name!r} is the name of a package that it needs; choose another"
            )

    def create(self) -> list[Path]:
        """Write the component and enter its lock in `pants.toml`; return what changed.

        Nothing changes if the component cannot be written whole. Raises `PinionError`.
        """
        self.check()
        settings = self.workspace.root / "pants.toml"
        entered = self._entered(settings)
        with tempfile.TemporaryDirectory(dir=self.workspace.components, prefix=".new-") as partial:
            made = Path(partial, self.name)
            self._copy(made)
            made.rename(self.folder)
        with whole(settings) as partial_settings:
            partial_settings.write_text(entered)
        return [self.folder, settings]

    def _copy(self, target: Path) -> None:
        shutil.copytree(
            self.template, target, ignore=shutil.ignore_patterns("__pycache__", "BUILD")
        )
        (target / _BUILD).rename(target / "BUILD")
        (target / _PLACEHOLDER).rename(target / self.name)
        for path in target.rglob("*"):
            if path.is_file():
                path.write_text(self._named(path.read_text()))

    def _named(self, text: str) -> str:
        named = text.replace(_PLACEHOLDER, self.name)
        named = named.replace(_PLACEHOLDER.replace("_", "-"), self.name.replace("_", "-"))
        # A lock names the project that it was made for.
        named = named.replace("build-support/component/", f"components/{self.name}/")
        heading = r"(?m)^(## \[0\.1\.0\] - )\d{4}-\d{2}-\d{2}$"
        return re.sub(heading, rf"\g<1>{date.today().isoformat()}", named)

    def _entered(self, settings: Path) -> str:
        """Return the text of `pants.toml` with the component's lock among the others."""
        try:
            document = tomlkit.parse(settings.read_text())
            lock = self.folder.relative_to(self.workspace.root) / "requirements.lock"
            document["python"]["resolves"][self.name] = lock.as_posix()
        except (TOMLKitError, KeyError) as error:
            raise PinionError(
                f"{settings}: {error}; restore it (git checkout {settings})"
            ) from error
        return tomlkit.dumps(document)
