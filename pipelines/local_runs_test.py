import re
import subprocess
from pathlib import Path

from pipelines.local_runs import revision
from pipelines.workspace import Workspace


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_a_working_tree_has_the_commit_it_was_changed_from(tmp_path: Path) -> None:
    git(tmp_path, "init")
    (tmp_path / "code.py").write_text("first")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    git(tmp_path, "tag", "-a", "1.0.0", "-m", "a tag is no commit")
    workspace = Workspace(tmp_path, tmp_path / "dist")
    commit = revision(workspace)
    assert re.fullmatch("[0-9a-f]{40}", commit)
    (tmp_path / "code.py").write_text("second")
    assert revision(workspace) == f"{commit}-dirty"


def test_what_is_in_no_repository_has_none(tmp_path: Path) -> None:
    assert revision(Workspace(tmp_path, tmp_path / "dist")) == ""
