"""Folders that several processes make, hold and evict at the same time."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from pipelines.system.shared_folders import SharedFolders

MONTH = 30 * 24 * 3600.0


def is_whole(folder: Path) -> bool:
    return (folder / "last").exists()


def fill(folder: Path, _lock: object) -> None:
    for name in ("first", "last"):
        (folder / name).write_text(folder.name)


def never() -> None:
    raise AssertionError("no other process is making this folder")


# Holds one of three folders at a time, of which only one is kept, and checks that it stays whole.
CHURN = """
import random, sys, time
from pathlib import Path
from pipelines.system.shared_folders import SharedFolders
from pipelines.system.shared_folders_test import MONTH, fill, is_whole
folders = SharedFolders(Path(sys.argv[1]), 1, MONTH)
dice = random.Random(int(sys.argv[2]))
for _ in range(60):
    held = folders.held(dice.choice("abc"), is_whole, fill, lambda: None)
    for _ in range(3):
        assert sorted(each.name for each in held.folder.iterdir()) == ["first", "last"], held
        time.sleep(dice.random() / 1000)
    held.release()
"""


def test_a_held_folder_stays_whole_while_others_make_and_evict(tmp_path: Path) -> None:
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CHURN, str(tmp_path), str(seed)],
            env=variables, stderr=subprocess.PIPE, text=True,
        )
        for seed in range(4)
    ]  # fmt: skip
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, errors
    assert not list(tmp_path.glob("*.partial"))


def test_a_failed_attempt_leaves_nothing_and_the_next_one_succeeds(tmp_path: Path) -> None:
    folders = SharedFolders(tmp_path, 9, MONTH)

    def fail(folder: Path, _lock: object) -> None:
        (folder / "first").touch()
        raise ValueError("half-way")

    with pytest.raises(ValueError, match="half-way"):
        folders.held("a", is_whole, fail, never)
    assert [each.name for each in tmp_path.iterdir()] == [".a.lock"]
    # The lock is free, although the error still refers to its frame.
    assert is_whole(folders.held("a", is_whole, fill, never).folder)


def test_a_kill_during_an_eviction_never_leaves_half_a_folder(tmp_path: Path) -> None:
    folders = SharedFolders(tmp_path, 1, MONTH)
    folders.held("old", is_whole, fill, never).release()
    os.utime(tmp_path / "old", (1, 1))
    # Such a kill leaves the folder renamed, and without its first file.
    os.replace(tmp_path / "old", tmp_path / ".old.partial")
    (tmp_path / ".old.partial" / "first").unlink()
    held = folders.held("old", is_whole, fill, never)
    assert sorted(each.name for each in held.folder.iterdir()) == ["first", "last"]
    assert sorted(each.name for each in tmp_path.iterdir()) == [".old.lock", "old"]


def test_others_wait_for_a_program_that_inherited_the_lock(tmp_path: Path) -> None:
    folders = SharedFolders(tmp_path, 9, MONTH)
    started: list[subprocess.Popen[bytes]] = []

    def start(_folder: Path, lock: IO[bytes]) -> None:
        started.append(subprocess.Popen(["sleep", "0.3"], pass_fds=[lock.fileno()]))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        folders.held("a", is_whole, start, never)
    waited: list[float] = []
    folders.held("a", is_whole, fill, lambda: waited.append(time.monotonic()))
    assert waited
    assert started[0].wait() == 0
