"""The two hashes of a component: what they cover, and that coreutils and git agree with them."""

import subprocess
from pathlib import Path

import pytest
import yaml

from pipelines.components.content import BASE_IMAGE, DESCRIPTION, Content, comparable, read_tree
from pipelines.runner.process.processes_testing import write_component
from pipelines.system.workspace import ROOT

# A release from before hashes had a scheme, and how its images describe themselves.
BEFORE = ROOT / "tests" / "golden" / "released_before"


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    component = write_component(tmp_path, "tool", "def main(): ...\n", "idna==3.20\n")
    return component.folder


def content(folder: Path) -> Content:
    return Content.of(read_tree(folder, folder.parent.parent))


def test_it_is_the_hash_of_a_list_as_sha256sum_prints_it(folder: Path) -> None:
    (folder / "tool" / "data").mkdir()
    (folder / "tool" / "data" / "table.csv").write_text("a,b\n")
    files = ("requirements.lock", "tool/__main__.py", "tool/data/table.csv")
    listed = subprocess.run(["sha256sum", *files], cwd=folder, capture_output=True, check=True)
    whole = subprocess.run(["sha256sum"], input=listed.stdout, capture_output=True, check=True)
    assert content(folder).runs == f"s1:{whole.stdout.decode().split()[0]}"


@pytest.mark.parametrize(
    ("file", "runs", "whole"),
    [
        pytest.param("tool/__main__.py", True, True, id="code"),
        pytest.param("tool/new/more.py", True, True, id="new code"),
        pytest.param("tool/table.csv", True, True, id="data"),
        pytest.param("requirements.lock", True, True, id="the lock"),
        pytest.param("component.yaml", False, True, id="the interface"),
        pytest.param("Dockerfile", False, True, id="the Dockerfile"),
        pytest.param(f"../../{BASE_IMAGE}", False, True, id="the base image"),
        pytest.param("tool/main_test.py", False, False, id="a test"),
        pytest.param("tool/conftest.py", False, False, id="what tests share"),
        pytest.param("tool/__pycache__/main.pyc", False, False, id="bytecode"),
        pytest.param("tool/.hidden/file.py", False, False, id="a hidden folder"),
        pytest.param("pyproject.toml", False, False, id="the version"),
        pytest.param("CHANGELOG.md", False, False, id="the changelog"),
        pytest.param("notes.txt", False, False, id="a file beside the package"),
    ],
)
def test_which_hash_a_changed_file_changes(
    folder: Path, file: str, runs: bool, whole: bool
) -> None:
    before, path = content(folder), folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text() if path.exists() else ""
    path.write_text(f"{text}\n")
    after = content(folder)
    assert (after.runs != before.runs, after.hash != before.hash) == (runs, whole)


def write_library(folder: Path, **modules: str) -> Path:
    library = folder.parent.parent / "libraries" / "pinion_step" / "pinion_step"
    library.mkdir(parents=True)
    for name, text in {"__init__": "", **modules}.items():
        (library / f"{name}.py").write_text(text)
    return library


@pytest.fixture()
def library(folder: Path) -> Path:
    """Write three modules; the component imports `cli`, which imports `errors`."""
    (folder / "tool" / "__main__.py").write_text(
        "def main():\n    from pinion_step.cli import run\n"
    )
    (folder / "tool" / "main_test.py").write_text("from pinion_step.mlflow import connect\n")
    return write_library(
        folder, cli="from pinion_step.errors import StepError\n", errors="", mlflow="", cli_test=""
    )


def test_only_imported_modules_of_the_library_are_content(folder: Path, library: Path) -> None:
    modules = [name for name in read_tree(folder, folder.parent.parent) if "pinion_step" in name]
    assert sorted(modules) == [
        "pinion_step/__init__.py", "pinion_step/cli.py", "pinion_step/errors.py",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("module", "counts"),
    [
        pytest.param("cli", True, id="imported"),
        pytest.param("errors", True, id="imported by a module"),
        pytest.param("__init__", True, id="the package"),
        pytest.param("mlflow", False, id="imported by a test alone"),
        pytest.param("cli_test", False, id="a test of the library"),
        pytest.param("new", False, id="a new module"),
    ],
)
def test_which_hashes_a_changed_module_of_the_library_changes(
    folder: Path, library: Path, module: str, counts: bool
) -> None:
    before = content(folder)
    (library / f"{module}.py").write_text("# changed\nfrom pinion_step.errors import StepError\n")
    after = content(folder)
    assert (after.runs != before.runs, after.hash != before.hash) == (counts, counts)


def test_a_module_in_a_folder_of_the_library_is_content_with_the_folder(
    folder: Path, library: Path
) -> None:
    (library / "cli.py").write_text("from pinion_step.sources.web import read\n")
    (library / "sources").mkdir()
    for name in ("__init__", "web", "local", "web_test"):
        (library / "sources" / f"{name}.py").touch()
    modules = [name for name in read_tree(folder, folder.parent.parent) if "pinion_step" in name]
    assert sorted(modules) == [
        "pinion_step/__init__.py", "pinion_step/cli.py",
        "pinion_step/sources/__init__.py", "pinion_step/sources/web.py",
    ]  # fmt: skip


def test_a_component_that_imports_no_library_keeps_its_hash(folder: Path) -> None:
    before = content(folder)
    write_library(folder, cli="def run(): ...\n")
    assert content(folder) == before


def test_moving_a_file_changes_the_content(folder: Path) -> None:
    (folder / "tool" / "one.py").write_text("x = 1\n")
    before = content(folder)
    (folder / "tool" / "one.py").rename(folder / "tool" / "two.py")
    assert content(folder).runs != before.runs


@pytest.mark.parametrize("name", ["requirements.lock", "component.yaml", "Dockerfile"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ValueError, match=f"{name} is missing"):
        content(folder)


def test_images_without_a_scheme_have_the_hashes_of_their_lock() -> None:
    locked = yaml.safe_load((BEFORE / "lock.yaml").read_text())["components"]
    assert sorted(locked) == ["evaluate", "preprocess", "pull_data", "register", "train"]
    for name, component in locked.items():
        files = {each: (BEFORE / name / each).read_bytes() for each in DESCRIPTION}
        described = Content.described(files, {})
        assert described.hash == component["content"]
        assert described.requirements == component["requirements"]
        assert described.runs == ""
        assert not comparable(described.hash, f"s1:{described.hash}")
