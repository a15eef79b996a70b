"""Environments that the real uv makes of small packages, from a local index."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

# fmt: skip
from pipelines.environments.index_testing import Index, Package
from pipelines.environments.manager import Environments
from pipelines.environments.manager_testing import (
    PATIENCE,
    listed,
    maker,
    outcome,
    ready,
    says,
    until,
)
from pipelines.environments.uv import StoppedInstallingError
from pipelines.system.workspace import Workspace

TOOL = Package("tool")
OTHER = Package("other")


@pytest.fixture()
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Yield an index; uv uses a cache of the test's own."""
    with Index((TOOL, OTHER)) as served:
        for name, value in {**served.variables, "UV_CACHE_DIR": str(tmp_path / "uv")}.items():
            monkeypatch.setenv(name, value)
        yield served


def test_an_environment_holds_the_packages_of_its_lock_and_is_made_once(
    tmp_path: Path, index: Index
) -> None:
    made = ready(tmp_path, TOOL)
    assert says(made) == "42"
    again = ready(tmp_path, TOOL)
    assert again.folder == made.folder
    assert made.folder.name.startswith("tool-")
    other = ready(tmp_path, OTHER)
    assert other.folder != made.folder
    assert says(other) == ""
    assert index.asked == [TOOL.file, OTHER.file]


def test_only_one_of_five_concurrent_processes_makes_it(tmp_path: Path, index: Index) -> None:
    index.held = {TOOL.file}
    processes = [maker(tmp_path, TOOL.lock) for _ in range(5)]
    assert index.waiting.wait(PATIENCE)
    index.open.set()
    ended = [outcome(process) for process in processes]
    assert {code for code, _, _ in ended} == {0}, ended
    assert len({folder for _, folder, _ in ended}) == 1
    assert index.asked == [TOOL.file]
    assert listed(tmp_path) == ["lock", "whole"]


def test_the_next_process_repairs_what_a_killed_one_left(tmp_path: Path, index: Index) -> None:
    index.held = {TOOL.file}
    process = maker(tmp_path, TOOL.lock)
    assert index.waiting.wait(PATIENCE)
    assert listed(tmp_path) == ["lock", "partial"]
    process.send_signal(signal.SIGKILL)
    outcome(process)
    index.open.set()
    assert says(ready(tmp_path, TOOL)) == "42"
    assert listed(tmp_path) == ["lock", "whole"]


def test_uv_does_not_outlive_a_killed_process(tmp_path: Path, index: Index) -> None:
    index.held = {TOOL.file}
    process = maker(tmp_path, TOOL.lock)
    assert index.waiting.wait(PATIENCE)
    mark = f"UV_CACHE_DIR={tmp_path / 'uv'}".encode()
    (uv,) = (pid for pid in _with_variable(mark) if pid != process.pid)
    process.send_signal(signal.SIGKILL)
    outcome(process)
    until(lambda: uv not in _with_variable(mark), "the end of uv")


def _with_variable(variable: bytes) -> set[int]:
    found = set()
    for each in Path("/proc").glob("[0-9]*"):
        try:
            if variable in (each / "environ").read_bytes().split(b"\0"):
                found.add(int(each.name))
        except OSError:
            continue
    return found - {os.getpid()}


def test_the_next_environment_removes_what_a_killed_process_left(
    tmp_path: Path, index: Index
) -> None:
    index.held = {TOOL.file}
    process = maker(tmp_path, TOOL.lock)
    assert index.waiting.wait(PATIENCE)
    process.send_signal(signal.SIGKILL)
    outcome(process)
    index.open.set()
    until(lambda: not _with_variable(f"UV_CACHE_DIR={tmp_path / 'uv'}".encode()), "the end of uv")
    ready(tmp_path, OTHER)
    assert listed(tmp_path) == ["lock", "whole"]


@pytest.mark.parametrize("waits", [False, True], ids=["while installing", "while waiting"])
def test_a_stop_takes_effect_at_once(tmp_path: Path, index: Index, waits: bool) -> None:
    index.held = {TOOL.file}
    if waits:
        process = maker(tmp_path, TOOL.lock)
        assert index.waiting.wait(PATIENCE)
    environments, reports, ended = Environments(Workspace(cache=tmp_path)), [""], [""]

    def make() -> None:
        with pytest.raises(StoppedInstallingError):
            environments.ready("tool", [TOOL.lock], reports.append)
        ended.append("stopped")

    thread = threading.Thread(target=make)
    thread.start()
    assert index.waiting.wait(PATIENCE)
    sign = "waiting for another run that is installing it" if waits else "starting"
    until(lambda: reports[-1] == sign, sign)
    environments.started.stop()
    thread.join(PATIENCE)
    assert ended[-1] == "stopped"
    if waits:
        process.kill()
        outcome(process)
    else:
        assert "whole" not in listed(tmp_path)


def test_the_oldest_are_evicted_unless_they_are_in_use(tmp_path: Path, index: Index) -> None:
    index.packages = tuple(Package(f"tool{number}") for number in range(5))
    made = [ready(tmp_path, package) for package in index.packages[:4]]
    for age, environment in enumerate(made):
        used_last(environment.folder, 400 - age)
        if age != 1:
            environment.held.release()
    newest = ready(tmp_path, index.packages[4], kept=2)
    there = [each.folder.exists() for each in made]
    # Two are kept; the second is in use.
    assert there == [False, True, False, True]
    assert newest.folder.exists()
    assert listed(tmp_path) == ["lock"] * 3 + ["whole"] * 3


def test_an_environment_not_used_for_a_month_is_evicted(tmp_path: Path, index: Index) -> None:
    old = ready(tmp_path, TOOL)
    old.held.release()
    used_last(old.folder, 31 * 24 * 3600)
    # Using an environment makes it young again.
    ready(tmp_path, TOOL).held.release()
    ready(tmp_path, OTHER).held.release()
    assert old.folder.exists()
    used_last(old.folder, 31 * 24 * 3600)
    index.packages += (Package("third"),)
    ready(tmp_path, Package("third"))
    assert not old.folder.exists()


def used_last(folder: Path, ago: float) -> None:
    """Set the time of a folder's last use to `ago` seconds before now."""
    os.utime(folder, (time.time() - ago, time.time() - ago))
