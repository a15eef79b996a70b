"""Helpers for tests of steps as processes: components of a line or two instead of real ones."""

import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.compiled.container import Container, Limits
from pipelines.components.component import Component, discover
from pipelines.environments.damage import record_sizes
from pipelines.environments.manager import COMPLETE, Environment, Environments
from pipelines.environments.uv import Tell
from pipelines.runner.process.backend import ProcessBackend
from pipelines.runner.process.programs import Sources
from pipelines.runner.task.backend import Call
from pipelines.system.shared_folders import Held
from pipelines.system.workspace import Workspace


@dataclass(frozen=True)
class ThisInterpreter(Environments):
    """Environments without packages that use the interpreter of the tests; nothing is installed."""

    def ready(self, name: str, locks: Sequence[bytes], tell: Tell) -> Environment:
        """Return a folder with the interpreter in it."""
        folder = self.root / name
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        if not (folder / "bin" / "python").exists():
            (folder / "bin" / "python").symlink_to(sys.executable)
            record_sizes(folder, COMPLETE)
        return Environment(Held(folder, None))


def write_component(root: Path, name: str, source: str, lock: str = "") -> Component:
    """Make a component whose package holds one file."""
    folder = root / "components" / name
    (folder / name).mkdir(parents=True)
    (folder / name / "__main__.py").write_text(source)
    (folder / "BUILD").touch()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "requirements.lock").write_text(lock)
    (folder / "pyproject.toml").write_text('[project]\nversion = "1.0.0"\ndependencies = []\n')
    (folder / "component.yaml").write_text(
        f"implementation: {{container: {{image: pinion/{name}}}}}\n"
    )
    (root / "build-support").mkdir(exist_ok=True)
    (root / "build-support" / "base-image.txt").write_text("base\n")
    return Component.load(folder)


def main_of(program: str) -> str:
    """Return the source of a package whose step runs `program`."""
    return "def main():\n" + textwrap.indent(program.strip("\n"), "    ") + "\n"


def backend(folder: Path, sources: Mapping[str, str], **settings: str) -> ProcessBackend:
    """Return a backend that is ready to run components of these sources."""
    root = folder / "tree"
    for name, source in sources.items():
        write_component(root, name, source)
    workspace = Workspace(root, folder / "cache")
    found = Sources(workspace, discover(workspace.components), {})
    runner = ProcessBackend(found, ThisInterpreter(workspace), settings)
    runner.prepare((name, container(runner, name)) for name in sources)
    return runner


def image(runner: ProcessBackend, name: str) -> str:
    """Return the image of a component in the working tree."""
    return f"pinion/{name}:{runner.sources.components[name].dev_version()}"


def container(runner: ProcessBackend, name: str, **environment: str) -> Container:
    """Return the container of a component."""
    return Container(image(runner, name), ("/app/pex",), environment, {}, {})


def call(
    runner: ProcessBackend, folder: Path, name: str, *arguments: str, **environment: str
) -> Call:
    """Return a call of a component that logs to the folder."""
    command, log = ("/app/pex", *arguments), folder / f"{name}.log"
    given = image(runner, name)
    return Call(name, given, command, environment, folder, log, {}, (), Limits())
