"""A fresh clone: `make run`, again, and after a change; and `make lock`."""

import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.build.tree import DAEMON, ROOT, call, clone, daemon_of


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A clone in which `make run` has been typed once."""
    folder = clone(tmp_path_factory.mktemp("fresh") / "clone")
    with daemon_of(folder):
        first = call(folder, "make", "run", **DAEMON)
        assert first.returncode == 0, first.stderr
        assert "packaging train: not packaged yet" in first.stderr
        assert registered(folder) == ["models:/pinion-model/1"]
        yield folder


def registered(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "runs" / "mlflow.db") as store:
        rows = store.execute("SELECT name, version FROM model_versions ORDER BY version").fetchall()
    return [f"models:/{name}/{version}" for name, version in rows]


def test_the_second_run_builds_nothing(tree: Path) -> None:
    before = registered(tree)
    again = call(tree, "make", "run", "ARGS=--no-register")
    assert again.returncode == 0, again.stderr
    assert "packaging" not in again.stderr
    assert "making .venv" not in again.stderr
    assert registered(tree) == before


def test_arguments_reach_the_run_as_they_were_typed(tree: Path) -> None:
    table = tree / "two words.csv"
    table.write_text("a b,income class\n" + "".join(f"{n},{n % 2}\n" for n in range(50)))
    arguments = f"--no-register --param 'source={table}' --param 'target=income class'"
    done = call(tree, "make", "run", f"ARGS={arguments}")
    assert done.returncode == 0, done.stderr
    assert str(table) in done.stdout


def test_a_changed_line_packages_its_component_alone(tree: Path) -> None:
    source = tree / "components" / "evaluate" / "evaluate" / "__init__.py"
    source.write_text(source.read_text() + "CHANGED = True\n")
    done = call(tree, "make", "run", "ARGS=--no-register", **DAEMON)
    assert done.returncode == 0, done.stderr
    packaged = [line for line in done.stderr.splitlines() if line.startswith("packaging ")]
    assert packaged == ["packaging evaluate: __init__.py changed since it was packaged"]


def test_a_component_that_no_longer_fits_is_named(tree: Path) -> None:
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


def test_the_locks_are_what_make_lock_writes(tmp_path: Path) -> None:
    folder = clone(tmp_path / "clone")
    locks = sorted(folder.rglob("*.lock"))
    before = {lock: hashlib.sha256(lock.read_bytes()).hexdigest() for lock in locks}
    done = call(folder, "make", "lock")
    assert done.returncode == 0, done.stderr
    after = {lock: hashlib.sha256(lock.read_bytes()).hexdigest() for lock in locks}
    assert [str(lock.relative_to(folder)) for lock in locks if before[lock] != after[lock]] == []
    assert len(locks) == len(list(ROOT.glob("components/*/requirements.lock"))) + 10
