"""A fresh clone: `make run`, again, and after a change; and `make lock`."""

import hashlib
import re
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.build.tree import ROOT, call, clone

pytestmark = pytest.mark.slow(reason="makes whole runs in a fresh clone")

COMPONENTS = sorted(path.parent.name for path in ROOT.glob("components/*/BUILD"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone in which `make run` was called once, with empty caches."""
    folder = clone(tmp_path_factory.mktemp("fresh") / "clone")
    first = make_run(folder)
    assert first.returncode == 0, first.stderr
    assert "making .venv" in first.stderr
    assert [f"{name}: installed in" in first.stderr for name in COMPONENTS] == [True] * 7
    assert registered(folder) == ["models:/pinion-model/1"]
    # Neither Pants nor its interpreter was installed.
    assert not list((folder.parent / "cache" / "pinion").glob("pants*"))
    assert not (folder / "dist").exists()
    return folder


def make_run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return call(folder, "make", "run", *arguments, XDG_CACHE_HOME=str(folder.parent / "cache"))


def registered(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "runs" / "mlflow.db") as store:
        rows = store.execute("SELECT name, version FROM model_versions ORDER BY version").fetchall()
    return [f"models:/{name}/{version}" for name, version in rows]


def test_the_second_run_installs_nothing(tree: Path) -> None:
    before = registered(tree)
    again = make_run(tree, "ARGS=--no-register")
    assert again.returncode == 0, again.stderr
    assert "install" not in again.stderr
    assert "making .venv" not in again.stderr
    assert registered(tree) == before


def test_arguments_reach_the_run_as_they_were_typed(tree: Path) -> None:
    table = tree / "two words.csv"
    table.write_text("a b,income class\n" + "".join(f"{n},{n % 2}\n" for n in range(50)))
    arguments = f"--no-register --param 'source={table}' --param 'target=income class'"
    done = make_run(tree, f"ARGS={arguments}")
    assert done.returncode == 0, done.stderr
    assert str(table) in done.stdout


def test_a_changed_line_runs_only_its_component(tree: Path) -> None:
    source = tree / "components" / "evaluate" / "evaluate" / "__init__.py"
    source.write_text(source.read_text() + "CHANGED = True\n")
    done = make_run(tree, "ARGS=--no-register")
    assert done.returncode == 0, done.stderr
    assert "install" not in done.stderr
    # resolve looks at the source each time.
    ran = re.findall(r"^\S+ (\S+): succeeded", done.stderr, re.MULTILINE)
    assert ran == ["resolve", "evaluate"]
    assert "evaluate: running (changed: code" in done.stderr


def test_a_component_that_no_longer_fits_the_wiring_is_reported(tree: Path) -> None:
    interface = tree / "components" / "preprocess" / "component.yaml"
    text = interface.read_text()
    interface.write_text(text.replace("test_fraction", "held_out"))
    try:
        done = call(tree, ".venv/bin/python", "-m", "pipelines.compile", "dev")
    finally:
        interface.write_text(text)
    assert done.returncode == 1
    assert "pipelines/training/pipeline.py do not fit" in done.stderr.splitlines()[-1]
    assert "test_fraction" in done.stderr.splitlines()[-1]
    assert not (tree / "pipeline.yaml").exists()


def test_the_locks_equal_the_output_of_make_lock(tmp_path: Path) -> None:
    folder = clone(tmp_path / "clone")
    locks = sorted(folder.rglob("*.lock"))
    before = {lock: hashlib.sha256(lock.read_bytes()).hexdigest() for lock in locks}
    done = call(folder, "make", "lock")
    assert done.returncode == 0, done.stderr
    after = {lock: hashlib.sha256(lock.read_bytes()).hexdigest() for lock in locks}
    assert [str(lock.relative_to(folder)) for lock in locks if before[lock] != after[lock]] == []
    assert len(locks) == len(list(ROOT.glob("components/*/requirements.lock"))) + 13
