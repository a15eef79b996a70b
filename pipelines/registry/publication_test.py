"""What may be published: components as git has them."""

import subprocess
from pathlib import Path

import pytest

from pipelines.components.component import Component
from pipelines.registry.publication import Publication, refuse_uncommitted
from pipelines.runner.process.processes_testing import write_component
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture()
def root(tmp_path: Path) -> Path:
    """A repository with a component that imports one of two modules of the library."""
    write_component(tmp_path, "tool", "from pinion_step.cli import run\n")
    library = tmp_path / "libraries" / "pinion_step" / "pinion_step"
    library.mkdir(parents=True)
    for name in ("__init__.py", "cli.py", "mlflow.py"):
        (library / name).touch()
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    return tmp_path


def check(root: Path) -> None:
    component = Component.load(root / "components" / "tool")
    new = [Publication(component, component.content(), component.version, None)]
    refuse_uncommitted(Workspace(root), new)


def test_a_committed_component_may_be_published(root: Path) -> None:
    check(root)
    (root / "libraries/pinion_step/pinion_step/mlflow.py").write_text("# not imported\n")
    (root / "libraries/pinion_step/CHANGELOG.md").touch()
    check(root)


@pytest.mark.parametrize(
    "file",
    ["components/tool/tool/__main__.py", "libraries/pinion_step/pinion_step/cli.py"],
)
def test_uncommitted_changes_are_refused(root: Path, file: str) -> None:
    text = (root / file).read_text()
    (root / file).write_text(f"{text}# changed\n")
    with pytest.raises(PinionError, match=rf"tool has uncommitted changes \({file}\)"):
        check(root)
