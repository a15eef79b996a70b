"""Ask git about real repositories."""

import re
import subprocess
from pathlib import Path

import pytest

from pipelines.components.component import content_of
from pipelines.components.content import read_tree
from pipelines.components.git import (
    CommitMissingError,
    component_at,
    described,
    file_at_tag,
    head,
    tag_commit,
    uncommitted,
)
from pipelines.runner.process.processes_testing import write_component
from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture()
def tree(tmp_path: Path) -> Workspace:
    """Return a repository with one component, committed and tagged."""
    write_component(tmp_path, "tool", "def main(): return 3\n", "idna==3.20\n")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    git(tmp_path, "tag", "-a", "1.0.0", "-m", "a tag is no commit")
    return Workspace(tmp_path)


def source(tree: Workspace) -> Path:
    return tree.components / "tool" / "tool" / "__main__.py"


def test_a_changed_working_tree_has_the_commit_it_was_changed_from(tree: Workspace) -> None:
    commit = described(tree)
    assert re.fullmatch("[0-9a-f]{40}", commit)
    assert head(tree) == commit
    source(tree).write_text("second")
    assert described(tree) == f"{commit}-dirty"
    assert head(tree) == commit


def test_a_folder_outside_a_repository_has_no_commit(tmp_path: Path) -> None:
    assert described(Workspace(tmp_path)) == ""
    with pytest.raises(PinionError, match="git rev-parse: fatal: not a git repository"):
        head(Workspace(tmp_path))


def test_uncommitted_files_are_named_and_ignored_ones_are_not(tree: Workspace) -> None:
    assert uncommitted(tree, ["components/tool"]) == []
    (tree.root / ".gitignore").write_text("*.pyc\n")
    source(tree).write_text("edited")
    (source(tree).parent / "with space.py").write_text("new")
    (source(tree).parent / "left.pyc").touch()
    assert sorted(uncommitted(tree, ["components/tool"])) == [
        "components/tool/tool/__main__.py",
        "components/tool/tool/with space.py",
    ]
    assert uncommitted(tree, ["build-support"]) == []


def test_a_tag_is_a_commit_with_its_files(tree: Workspace) -> None:
    commit, path = head(tree), "components/tool/tool/__main__.py"
    before = source(tree).read_bytes()
    source(tree).write_text("edited")
    assert tag_commit(tree, "1.0.0") == commit
    assert file_at_tag(tree, "1.0.0", path) == before
    assert tag_commit(tree, "1.0.1") == ""
    assert file_at_tag(tree, "1.0.1", path) is file_at_tag(tree, "1.0.0", "none") is None


def test_a_component_at_a_commit_has_the_content_of_then(tree: Workspace) -> None:
    commit = head(tree)
    now = content_of("tool", component_now(tree))
    source(tree).write_text("def main(): return 4\n")
    (source(tree).parent / "main_test.py").write_text("not part of the content")
    git(tree.root, "add", ".")
    git(tree.root, "commit", "-m", "second")
    before = content_of("tool", component_at(tree, commit, "tool"))
    after = content_of("tool", component_at(tree, head(tree), "tool"))
    assert before == now
    assert after == content_of("tool", component_now(tree))
    assert after.runs != before.runs


def test_a_component_of_a_commit_has_the_library_of_that_commit(tree: Workspace) -> None:
    source(tree).write_text("from pinion_step.cli import run\n")
    library = tree.root / "libraries" / "pinion_step" / "pinion_step"
    library.mkdir(parents=True)
    for name in ("__init__.py", "cli.py", "mlflow.py"):
        (library / name).write_text(f"# {name}\n")
    now = component_now(tree)
    assert now["pinion_step/cli.py"] == b"# cli.py\n"
    git(tree.root, "add", ".")
    git(tree.root, "commit", "-m", "with a library")
    commit = head(tree)
    (library / "cli.py").write_text("changed\n")
    assert component_at(tree, commit, "tool") == now != component_now(tree)


def component_now(tree: Workspace) -> dict[str, bytes]:
    return read_tree(tree.components / "tool", tree.root)


def test_a_commit_that_the_clone_lacks_is_named(tree: Workspace) -> None:
    with pytest.raises(CommitMissingError, match="does not have the commit f00d"):
        component_at(tree, "f00d" * 10, "tool")
    with pytest.raises(PinionError, match="git archive: "):
        component_at(tree, head(tree), "gone")
