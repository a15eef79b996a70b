import json
from pathlib import Path

import pytest

from pipelines.components import Component
from pipelines.errors import PinionError
from pipelines.packages import Package, packaged
from pipelines.workspace import Workspace

WHEEL = "numpy-2.4.6-cp311-cp311-linux_x86_64.whl"


@pytest.fixture()
def package(tmp_path: Path) -> Package:
    """A component and its PEX pair, in the layout that Pants gives them."""
    folder = tmp_path / "components" / "train"
    (folder / "train").mkdir(parents=True)
    (folder / "train" / "model.py").write_text("DEPTH = 3\n")
    (folder / "train" / "model_test.py").write_text("assert True\n")
    (folder / "requirements.lock").write_text(
        f"numpy==2.4.6 \\\n    --hash=sha256:{'0' * 64}\nskops==0.16.0\n"
    )
    (folder / "pyproject.toml").write_text(
        '[project]\nversion = "1.2.0"\ndependencies = ["numpy>=2.4,<3"]\n'
    )
    (folder / "component.yaml").write_text(
        "implementation: {container: {image: pinion/train, command: [/app/pex]}}\n"
    )
    (folder / "Dockerfile").write_text("FROM scratch\n")
    made = Package(Component.load(folder), tmp_path / "dist" / "components.train")
    (made.app / "train").mkdir(parents=True)
    (made.app / "train" / "model.py").write_text("DEPTH = 3\n")
    write_info(made.app, code_hash="a1", entry_point="train.__main__:main", distributions={})
    (made.deps / ".deps").mkdir(parents=True)
    (made.deps / ".deps" / WHEEL).touch()
    write_info(
        made.deps,
        requirements=["numpy<3,>=2.4"],
        distributions={WHEEL: "0f"},
    )
    return made


def write_info(pex: Path, **info: object) -> None:
    (pex / "PEX-INFO").write_text(json.dumps(info))


def test_a_package_of_the_working_tree_is_not_stale(package: Package) -> None:
    assert package.stale() is None


def test_a_test_needs_no_new_package(package: Package) -> None:
    (package.component.folder / "train" / "model_test.py").write_text("assert 1\n")
    assert package.stale() is None


def test_a_changed_source_is_named(package: Package) -> None:
    (package.component.folder / "train" / "model.py").write_text("DEPTH = 4\n")
    assert package.stale() == "model.py changed since it was packaged"


def test_a_new_file_beside_packaged_data_is_named(package: Package) -> None:
    for root in (package.component.folder, package.app):
        (root / "train" / "samples").mkdir()
        (root / "train" / "samples" / "old.csv").write_text("x\n1\n")
    assert package.stale() is None
    (package.component.folder / "train" / "samples" / "new.csv").write_text("x\n2\n")
    assert package.stale() == "new.csv is new since it was packaged"


def test_a_removed_source_is_named(package: Package) -> None:
    (package.component.folder / "train" / "model.py").unlink()
    assert package.stale() == "model.py changed since it was packaged"


def test_another_locked_version_is_named(package: Package) -> None:
    (package.component.folder / "requirements.lock").write_text("numpy==2.4.7\n")
    assert package.stale() == "its lock has another numpy than it was packaged with"


def test_a_new_dependency_is_noticed(package: Package) -> None:
    project = package.component.folder / "pyproject.toml"
    project.write_text(project.read_text().replace('<3"', '<3", "skops"'))
    changed = Package(Component.load(project.parent), package.folder)
    assert changed.stale() == "its dependencies changed since it was packaged"


def test_not_packaged(package: Package) -> None:
    (package.deps / "PEX-INFO").unlink()
    assert package.stale() == "not packaged yet"


@pytest.mark.parametrize("damage", ["wheel", "info"])
def test_what_a_killed_build_left_is_built_again(package: Package, damage: str) -> None:
    if damage == "wheel":
        (package.deps / ".deps" / WHEEL).unlink()
    else:
        (package.deps / "PEX-INFO").write_text('{"pex_h')
    assert package.stale() == "its package is damaged"


@pytest.mark.parametrize("changed", ["app", "deps", "component.yaml", "Dockerfile"])
def test_the_dev_version_follows_whatever_makes_the_component(
    package: Package, changed: str
) -> None:
    before = package.dev_version()
    assert before.startswith("1.2.0-dev.")
    if changed == "app":
        write_info(package.app, code_hash="a2", entry_point="train.__main__:main")
    elif changed == "deps":
        write_info(package.deps, distributions={WHEEL: "1e"})
    else:
        file = package.component.folder / changed
        file.write_text(file.read_text() + "# other\n")
    assert package.dev_version() != before


def test_without_the_launcher_it_says_what_to_run(package: Package, tmp_path: Path) -> None:
    (package.component.folder / "train" / "model.py").write_text("DEPTH = 4\n")
    workspace = Workspace(tmp_path, tmp_path / "dist")
    with pytest.raises(
        PinionError,
        match=r"not there; run: \./pants package components/train:deps components/train:app",
    ):
        packaged(workspace, [package.component])


def test_a_failing_build_is_said_in_one_line(package: Package, tmp_path: Path) -> None:
    (package.component.folder / "train" / "model.py").write_text("DEPTH = 4\n")
    launcher = tmp_path / "pants"
    launcher.write_text("#!/bin/sh\nexit 1\n")
    launcher.chmod(0o755)
    with pytest.raises(PinionError, match="Pants failed, see its messages above"):
        packaged(Workspace(tmp_path, tmp_path / "dist"), [package.component])
