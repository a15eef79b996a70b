"""Copies of components' code: read-only, whole, and shared by all who need the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.components.component import Component
from pipelines.runner.process import processes_testing
from pipelines.runner.process.processes_testing import write_component
from pipelines.runner.process.programs import PROGRAM, snapshot
from pipelines.system.errors import PinionError
from pipelines.system.shared_folders import Held, remove
from pipelines.system.workspace import Workspace

SOURCE = "def main():\n    print('first')\n"


@pytest.fixture()
def tool(tmp_path: Path) -> Component:
    """Return a component that prints which version of its code runs."""
    component = write_component(tmp_path, "tool", SOURCE)
    (component.folder / "tool" / "more_test.py").write_text("assert False\n")
    return component


def taken(tool: Component, cache: Path) -> Held:
    return snapshot(Workspace(cache=cache), tool.name, tool.content(), tool.files)


def printed(held: Held) -> str:
    command = [sys.executable, "-sE", str(held.folder / PROGRAM)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def edit(tool: Component, word: str) -> None:
    (tool.folder / "tool" / "__main__.py").write_text(SOURCE.replace("first", word))


def test_a_snapshot_holds_only_what_runs(tmp_path: Path, tool: Component) -> None:
    held = taken(tool, tmp_path / "cache")
    assert printed(held) == "first"
    files = sorted(str(each.relative_to(held.folder)) for each in held.folder.rglob("*.*"))
    bytecode = "tool/__pycache__/__main__.cpython-311.pyc"
    assert files == [".complete", "tool/__main__.py", bytecode]
    assert taken(tool, tmp_path / "cache").folder == held.folder


def test_an_edit_does_not_change_a_snapshot(tmp_path: Path, tool: Component) -> None:
    before = taken(tool, tmp_path / "cache")
    edit(tool, "second")
    after = taken(Component.load(tool.folder), tmp_path / "cache")
    assert after.folder != before.folder
    assert (printed(before), printed(after)) == ("first", "second")


def test_an_edit_during_a_run_does_not_change_its_steps(tmp_path: Path) -> None:
    runner = processes_testing.backend(tmp_path, {"tool": SOURCE})
    step = processes_testing.call(runner, tmp_path, "tool")
    edit(runner.sources.components["tool"], "second")
    runner.run(step)
    assert (tmp_path / "tool.log").read_text() == "first\n"


def test_a_snapshot_is_read_only(tmp_path: Path, tool: Component) -> None:
    folder = taken(tool, tmp_path / "cache").folder
    modes = {each.stat().st_mode & 0o222 for each in (folder, *folder.rglob("*"))}
    assert modes == {0}


@pytest.mark.parametrize("file", ["tool/__main__.py", "tool/__pycache__/*.pyc", ".complete", "pex"])
def test_a_snapshot_that_a_power_cut_broke_is_made_again(
    tmp_path: Path, tool: Component, file: str
) -> None:
    held = taken(tool, tmp_path / "cache")
    (broken,) = held.folder.glob(file)
    broken.chmod(0o644)
    os.truncate(broken, 3)
    held.release()
    repaired = taken(tool, tmp_path / "cache")
    assert repaired.folder == held.folder
    assert printed(repaired) == "first"
    (again,) = held.folder.glob(file)
    assert again.stat().st_size > 3


TAKER = """
import sys
from pathlib import Path
from pipelines.components.component import Component
from pipelines.runner.process.snapshots_test import taken
print(taken(Component.load(Path(sys.argv[1])), Path(sys.argv[2])).folder)
"""


def test_five_concurrent_processes_make_one_snapshot(tmp_path: Path, tool: Component) -> None:
    command = [sys.executable, "-c", TAKER, str(tool.folder), str(tmp_path / "cache")]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True)
        for _ in range(5)
    ]
    folders = {process.communicate()[0].strip() for process in processes}
    assert {process.returncode for process in processes} == {0}
    assert len(folders) == 1
    there = (tmp_path / "cache" / "sources").iterdir()
    assert sorted(each.suffix for each in there if each.name.startswith(".")) == [".lock"]


def test_a_cache_that_is_a_file_is_reported_in_one_line(tmp_path: Path, tool: Component) -> None:
    cache = tmp_path / "cache"
    cache.touch()
    with pytest.raises(PinionError) as failed:
        taken(tool, cache)
    assert str(failed.value) == (
        f"the code of tool cannot be copied to {cache / 'sources'}: Not a directory; free some"
        " space there, or set XDG_CACHE_HOME to a folder that you can write to"
    )


def test_a_read_only_folder_can_be_removed(tmp_path: Path, tool: Component) -> None:
    held = taken(tool, tmp_path / "cache")
    remove(held.folder)
    assert not held.folder.exists()
    remove(held.folder)
