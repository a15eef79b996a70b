"""`make setup` and a first run with obstacles: one line of error, and the next call repairs it."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pipelines.system.workspace import user_cache
from tests.build.tree import call, clone, environment

pytestmark = pytest.mark.slow(reason="each makes an environment of 150 MB, most in a new clone")

NOWHERE = "http://127.0.0.1:9/simple"
PACKAGES = ".venv/lib/python3.11/site-packages"
# The test must not damage the user's cache together with the environment.
COPIED = {"UV_LINK_MODE": "copy"}


@pytest.fixture()
def tree(tmp_path: Path) -> Path:
    return clone(tmp_path / "clone")


def made(tree: Path) -> bool:
    """Return whether the environment is complete, and nothing else is left beside it."""
    left = {each.name for each in tree.glob(".venv*")}
    works = call(tree, ".venv/bin/python", "-c", "import kfp, mlflow, pipelines.compile")
    return left == {".venv", ".venv.lock"} and works.returncode == 0


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone whose environment was made by one of five concurrent calls."""
    tree = clone(tmp_path_factory.mktemp("complete") / "clone")
    calls = [
        subprocess.Popen(
            ["make", "setup"], cwd=tree, env=environment(), stderr=subprocess.PIPE, text=True
        )
        for _ in range(5)
    ]
    errors = [each.communicate()[1] for each in calls]
    assert [each.returncode for each in calls] == [0] * 5, errors
    assert "".join(errors).count("making .venv") == 1
    return tree


def test_of_five_concurrent_calls_one_makes_the_environment(complete: Path) -> None:
    assert made(complete)


def test_the_next_call_completes_a_killed_one(tree: Path) -> None:
    killed = subprocess.Popen(
        ["build-support/setup"], cwd=tree, env=environment(), start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not (tree / ".venv.partial").exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert (tree / ".venv.partial").exists()
    assert not (tree / ".venv").exists()
    assert call(tree, "make", "setup").returncode == 0
    assert made(tree)


def test_a_damaged_environment_is_reported_and_made_again(tree: Path) -> None:
    assert call(tree, "make", "setup", **COPIED).returncode == 0
    module = tree / PACKAGES / "yaml" / "nodes.py"
    shutil.rmtree(module.parent / "__pycache__", ignore_errors=True)
    size = module.stat().st_size
    os.truncate(module, 100)
    broken = call(tree, "make", "run", **COPIED)
    errors = [line for line in broken.stderr.splitlines() if not line.startswith("make: ")]
    assert errors == [
        f"pinion: error: {tree}/.venv is damaged (lib/python3.11/site-packages/yaml/nodes.py has"
        f" 100 of {size} bytes); run make setup to repair it"
    ]
    assert broken.returncode != 0
    again = call(tree, "make", "setup", **COPIED)
    assert again.stderr == "pinion: making .venv (once; a few seconds)\n"
    assert module.stat().st_size == size
    assert made(tree)


def test_a_removed_interpreter_is_replaced(complete: Path) -> None:
    python = complete / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/removed/bin/python3.11")
    assert call(complete, "make", "setup").returncode == 0
    assert made(complete)


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        (
            {"UV_DEFAULT_INDEX": NOWHERE},
            "the packages cannot be downloaded from http://127.0.0.1:9; check the network, or set"
            " UV_DEFAULT_INDEX to another index",
        ),
        (
            {"UV_OFFLINE": "1"},
            "the packages are not in uv's cache, and UV_OFFLINE forbids the network; unset"
            " UV_OFFLINE",
        ),
    ],
    ids=["no network", "offline"],
)
def test_setup_without_network_ends_with_one_line(
    tree: Path, tmp_path: Path, variables: dict[str, str], reason: str
) -> None:
    done = call(tree, "make", "setup", UV_CACHE_DIR=str(tmp_path / "uv"), **variables)
    errors = [line for line in done.stderr.splitlines() if not line.startswith("make: ")]
    assert errors == [
        "pinion: making .venv (once; a few seconds)", f"pinion: .venv cannot be made: {reason}"
    ]  # fmt: skip
    assert done.returncode != 0
    assert [each.name for each in tree.glob(".venv*")] == [".venv.lock"]


def test_a_first_run_without_network_ends_with_one_line(complete: Path, tmp_path: Path) -> None:
    caches = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "UV_CACHE_DIR": str(tmp_path / "uv")}
    (tmp_path / "cache" / "pinion").mkdir(parents=True)
    # uv itself is not downloaded from the index.
    for uv in user_cache().glob("uv-*/"):
        shutil.copytree(uv, tmp_path / "cache" / "pinion" / uv.name)
    done = call(complete, "make", "run", UV_DEFAULT_INDEX=NOWHERE, **caches)
    errors = [line for line in done.stderr.splitlines() if not line.startswith("make: ")]
    assert errors[-1] == (
        "pipelines.run: error: step 'resolve' failed: the environment of resolve cannot be"
        " made: the packages cannot be downloaded from http://127.0.0.1:9; check the network, or"
        " set UV_DEFAULT_INDEX to another index"
    )
    assert sum("error" in line for line in errors) == 1
    assert "Traceback" not in done.stderr
    # Nothing incomplete is left, and with a network the environment is made and the step starts.
    left = (tmp_path / "cache" / "pinion" / "environments").iterdir()
    assert {each.suffix for each in left} <= {".lock"}
    del caches["UV_CACHE_DIR"]
    again = call(complete, "make", "run", "ARGS=--param source=absent.csv", **caches)
    assert "resolve: installed in" in again.stderr
    assert "error: step 'resolve' failed: " in again.stderr.splitlines()[-2]
    assert "absent.csv" in again.stderr.splitlines()[-2]
