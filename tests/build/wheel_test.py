"""The wheels have the metadata of pyproject.toml, contain the package and its data, and install."""

import re
import subprocess
import tomllib
import venv
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.build.tree import ROOT

pytestmark = pytest.mark.slow(reason="drives Pants")

LIBRARY = "libraries/pinion_step"
NAMES = sorted(path.parent.name for path in ROOT.glob("components/*/pyproject.toml"))
each_component = pytest.mark.parametrize("name", NAMES)


def wheel(packaged: Path, name: str) -> Path:
    (found,) = packaged.glob(f"dist/pinion_{name}-*.whl")
    return found


@each_component
def test_a_wheel_has_the_metadata_of_its_project(packaged: Path, name: str) -> None:
    project = tomllib.loads((packaged / f"components/{name}/pyproject.toml").read_text())["project"]
    with zipfile.ZipFile(wheel(packaged, name)) as archive:
        (path,) = (path for path in archive.namelist() if path.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(path))
    assert metadata["Name"] == project["name"]
    assert metadata["Version"] == project["version"]
    assert metadata["Summary"] == project["description"]
    assert metadata["Requires-Python"] == project["requires-python"]
    needed = set(map(Requirement, metadata.get_all("Requires-Dist", [])))
    library = tomllib.loads((packaged / LIBRARY / "pyproject.toml").read_text())["project"]
    required = Requirement(f"{library['name']}=={library['version']}")
    assert needed == {required, *map(Requirement, project["dependencies"])}


def test_the_library_requires_nothing(packaged: Path) -> None:
    with zipfile.ZipFile(wheel(packaged, "step")) as archive:
        names = archive.namelist()
        (path,) = (path for path in names if path.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(path))
    assert metadata.get_all("Requires-Dist", []) == []
    sources = (packaged / LIBRARY).glob("pinion_step/**/*.py")
    modules = {each.relative_to(packaged / LIBRARY).as_posix() for each in sources}
    assert {name for name in names if ".dist-info/" not in name} == {
        name for name in modules if not name.endswith("_test.py")
    }


@each_component
def test_a_wheel_contains_the_package_without_its_tests(packaged: Path, name: str) -> None:
    package = packaged / "components" / name / name
    wanted = {
        str(path.relative_to(package.parent))
        for path in package.rglob("*")
        if path.is_file() and not re.search(r"_test\.py$|/conftest\.py$", str(path))
    }
    with zipfile.ZipFile(wheel(packaged, name)) as archive:
        files = [info for info in archive.infolist() if ".dist-info/" not in info.filename]
    assert {info.filename for info in files} == wanted
    # Build times are not recorded, so that equal content gives equal bytes.
    assert {info.date_time for info in files} == {(1980, 1, 1, 0, 0, 0)}


def test_the_wheels_install_commands(packaged: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    wheels = [wheel(packaged, name) for name in (*NAMES, "step")]
    options = ["--quiet", "--no-index", "--no-deps"]
    subprocess.run([tmp_path / "venv/bin/pip", "install", *options, *wheels], check=True)
    commands = {f"pinion-{name.replace('_', '-')}" for name in NAMES}
    assert commands <= {path.name for path in (tmp_path / "venv/bin").iterdir()}
