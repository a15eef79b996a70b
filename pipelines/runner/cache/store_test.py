"""Store and restore entries, in processes that are killed meanwhile."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.runner.cache.cache_testing import no_file_above
from pipelines.runner.cache.store import Entry, Store
from pipelines.system.manifests import manifest

KEY = "a" * 64
_HOLD = """
import sys, time
from pathlib import Path
from pipelines.runner.cache.store import Store
store = Store(Path(sys.argv[1]))
lock = store.lock(sys.argv[2])
assert lock
print("held", flush=True)
time.sleep(600)
"""


_RESTORE = """
import sys
from pathlib import Path
from pipelines.runner.cache.store import Store
store, folder = Store(Path(sys.argv[1])), Path(sys.argv[3])
store.restore(store.get(sys.argv[2]), folder, folder.with_name("log"))
"""


@pytest.fixture()
def made(tmp_path: Path) -> Path:
    """Return the folder of a task that has run."""
    folder = tmp_path / "run" / "task"
    (folder / "model" / "empty").mkdir(parents=True)
    (folder / "model" / "weights").write_bytes(bytes(range(256)) * 40)
    (folder / "tool").write_text("#!/bin/sh\n")
    (folder / "tool").chmod(0o755)
    (tmp_path / "log").write_text("worked\n")
    return folder


def entry(folder: Path, key: str = KEY, size: int = 100) -> Entry:
    outputs: dict[str, dict[str, str]] = {"parameters": {}, "artifacts": {}}
    return Entry(key, "task", "run1", {"its code": "x"}, outputs, manifest(folder), size)


def test_an_entry_is_restored_as_it_was_saved(made: Path, tmp_path: Path) -> None:
    store, kept = Store(tmp_path / "cache"), entry(made)
    store.save(kept, made, tmp_path / "log")
    assert store.get(KEY) == kept
    assert store.restore(kept, tmp_path / "again", tmp_path / "logs" / "task.log")
    assert manifest(tmp_path / "again") == manifest(made)
    assert (tmp_path / "again" / "tool").stat().st_mode & 0o111
    assert (tmp_path / "again" / "model" / "empty").is_dir()
    assert (tmp_path / "logs" / "task.log").read_text() == "worked\n"


def test_a_kill_during_a_restore_leaves_no_partial_output(made: Path, tmp_path: Path) -> None:
    store, kept, again = Store(tmp_path / "cache"), entry(made), tmp_path / "runs" / "again"
    store.save(kept, made, tmp_path / "log")
    # Reading a pipe without a writer never ends.
    os.mkfifo(store.kept(KEY) / "model" / "more")
    process = subprocess.Popen(
        [sys.executable, "-c", _RESTORE, tmp_path / "cache", KEY, again],
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("runs/*/*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert not again.exists()
    (store.kept(KEY) / "model" / "more").unlink()
    assert store.restore(kept, again, again.with_name("log"))
    assert sorted(path.name for path in again.parent.iterdir()) == ["again", "log"]


def test_on_a_full_disk_an_entry_is_saved_by_links(made: Path, tmp_path: Path) -> None:
    store, kept = Store(tmp_path / "cache"), entry(made)
    with no_file_above(2000):
        store.save(kept, made, tmp_path / "log")
    assert store.restore(kept, tmp_path / "again", tmp_path / "logs" / "task.log")
    assert manifest(tmp_path / "again") == manifest(made)
    # The entry links to the file of the run.
    (made / "model" / "weights").write_bytes(b"edited")
    assert not store.restore(kept, tmp_path / "again", tmp_path / "logs" / "task.log")


def test_a_full_disk_leaves_no_partial_entry(made: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    with no_file_above(100), pytest.raises(OSError, match="File too large"):
        store.save(entry(made), made, tmp_path / "log")
    assert store.get(KEY) is None
    assert list((tmp_path / "cache" / "unfinished").iterdir()) == []


def test_an_entry_stays_if_there_is_no_space_to_restore_it(made: Path, tmp_path: Path) -> None:
    store, kept, again = Store(tmp_path / "cache"), entry(made), tmp_path / "runs" / "again"
    store.save(kept, made, tmp_path / "log")
    with no_file_above(2000), pytest.raises(OSError, match="File too large"):
        store.restore(kept, again, again.with_name("log"))
    assert [path.name for path in again.parent.iterdir()] == []
    assert store.restore(kept, again, again.with_name("log"))
    assert manifest(again) == manifest(made)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": "x"}'])
def test_an_unreadable_entry_is_ignored_and_can_be_replaced(
    made: Path, tmp_path: Path, text: str
) -> None:
    store = Store(tmp_path / "cache")
    store.save(entry(made), made, tmp_path / "log")
    (about,) = tmp_path.glob("cache/entries/*/entry.json")
    about.write_text(text)
    assert store.get(KEY) is None
    assert store.entries() == []
    store.save(entry(made), made, tmp_path / "log")
    assert store.get(KEY) == entry(made)


def test_a_lock_has_one_holder_across_processes_and_a_kill_releases_it(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path)
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, tmp_path, KEY],
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert holder.stdout
    try:
        assert holder.stdout.readline() == b"held\n"
        assert store.lock(KEY) is None
        assert store.lock("b" * 64)
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    lock = store.lock(KEY)
    assert lock
    assert store.lock(KEY) is None
    lock.release()
    assert store.lock(KEY)


def test_pruning_keeps_entries_in_use_and_removes_the_remains_of_a_kill(
    made: Path, tmp_path: Path
) -> None:
    store = Store(tmp_path / "cache")
    keys = [letter * 64 for letter in "abc"]
    for key in keys:
        store.save(entry(made, key), made, tmp_path / "log")
    half_done = [
        tmp_path / "cache" / "unfinished" / name for name in (keys[0], f"{keys[1]}.removed")
    ]
    for folder in half_done:
        folder.mkdir()
    lock = store.lock(keys[0])
    assert lock
    assert [each.key for each in store.prune(100)] == [keys[0]]
    assert [each.key for each in store.entries()] == [keys[0]]
    assert [folder.exists() for folder in half_done] == [True, False]
    lock.release()
    assert store.prune(0) == []
    left = sorted(path.name for path in (tmp_path / "cache").rglob("*"))
    assert left == ["entries", "locks", "unfinished"]
