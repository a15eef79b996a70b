"""The damage that a power cut does to an environment is found, named and repaired."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.environments.index_testing import Index, Package
from pipelines.environments.manager import Environment, Environments
from pipelines.environments.manager_testing import listed, ready, says
from pipelines.system.workspace import Workspace

TOOL = Package("tool")
SIZE = len(TOOL.text)
PACKAGES = "lib/python3.11/site-packages"


@pytest.fixture()
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    """Return an environment in which Python has written its bytecode."""
    with Index((TOOL,)) as index:
        for name, value in {**index.variables, "UV_CACHE_DIR": str(tmp_path / "uv")}.items():
            monkeypatch.setenv(name, value)
        environment = ready(tmp_path, TOOL)
        assert says(environment) == "42"
        assert environment.damage(content=True) is None
        yield environment


def cut(path: Path) -> None:
    """Truncate a file, as if its end had not been written yet."""
    os.truncate(path, 3)


def zero(path: Path) -> None:
    """Fill a file with zeros, as if its size had been written but not its bytes."""
    path.write_bytes(bytes(path.stat().st_size))


def remake(made: Environment, cache: Path) -> Environment:
    """Discard a damaged environment, as a run does, and make it again, as the next run does."""
    damage = made.damage(content=True)
    assert damage
    Environments(Workspace(cache=cache)).discard(made, damage)
    made.held.release()
    return ready(cache, TOOL)


@pytest.mark.parametrize(
    ("file", "harm", "content", "line"),
    [
        (f"{PACKAGES}/tool.py", cut, False, f"{PACKAGES}/tool.py has 3 of {SIZE} bytes"),
        (f"{PACKAGES}/tool.py", os.unlink, False, f"{PACKAGES}/tool.py is missing"),
        (f"{PACKAGES}/tool.py", zero, True,
         f"{PACKAGES}/tool.py differs from the file that was installed"),
        (f"{PACKAGES}/tool-1.0.dist-info/RECORD", os.unlink, False,
         f"{PACKAGES}/tool-1.0.dist-info/RECORD is missing"),
        (f"{PACKAGES}/__pycache__/tool.cpython-311.pyc", cut, False,
         f"{PACKAGES}/__pycache__/tool.cpython-311.pyc is not bytecode"),
        ("pyvenv.cfg", os.unlink, False, "pyvenv.cfg is missing"),
        (".complete", cut, False, ".complete cannot be read"),
    ],
)  # fmt: skip
def test_damage_is_named_and_repaired(
    tmp_path: Path,
    made: Environment,
    file: str,
    harm: Callable[[Path], None],
    content: bool,
    line: str,
) -> None:
    harm(made.folder / file)
    assert str(made.damage(content)) == line
    repaired = remake(made, tmp_path)
    assert repaired.folder == made.folder
    assert repaired.damage(content=True) is None
    assert says(repaired) == "42"
    assert listed(tmp_path) == ["lock", "whole"]


def test_a_file_that_is_broken_in_uvs_cache_is_downloaded_again(
    tmp_path: Path, made: Environment
) -> None:
    module = made.folder / PACKAGES / "tool.py"
    # uv's cache holds the same file, by a hard link.
    assert module.stat().st_nlink > 1
    cut(module)
    damage = made.damage(content=False)
    assert damage
    assert damage.distributions == ("tool",)
    shutil.rmtree(made.folder)
    # If uv is not told to clean its cache, the new environment is broken too.
    made.held.release()
    assert says(ready(tmp_path, TOOL)) == ""
    assert says(remake(ready(tmp_path, TOOL), tmp_path)) == "42"


def test_a_removed_interpreter_is_noticed_before_it_is_needed(
    tmp_path: Path, made: Environment
) -> None:
    made.python.unlink()
    made.python.symlink_to(tmp_path / "removed")
    made.held.release()
    repaired = ready(tmp_path, TOOL)
    assert repaired.folder == made.folder
    assert says(repaired) == "42"


def test_several_damaged_files_are_counted(made: Environment) -> None:
    cut(made.folder / PACKAGES / "tool.py")
    cut(made.folder / "pyvenv.cfg")
    assert str(made.damage(content=False)) == (
        f"{PACKAGES}/tool.py has 3 of {SIZE} bytes, and 1 more"
    )
