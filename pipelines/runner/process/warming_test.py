"""Steps whose interpreters import in advance, as real processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.compiled.container import Container
from pipelines.runner.process import processes_testing
from pipelines.runner.process.backend import ProcessBackend
from pipelines.runner.process.backend_test import PATIENCE, gone, until, until_gone
from pipelines.runner.task.backend import Call, TaskFailedError

NAMES = ("first", "second", "third")
PACKAGE = """
import json, os, pathlib, sys
WARM = "cold"
def main():
    print(*sys.argv[1:], WARM, os.environ["WORD"], os.path.basename(sys.argv[0]), sep="|")
    print("aside", file=sys.stderr)
    print(repr(sys.stdin.read()))
    return int(sys.argv[2])
def warm():
    global WARM
    WARM = "warm"
    print("noise")
    mark = pathlib.Path(os.environ["MARKS"], "{name}.pid")
    mark.with_suffix(".tmp").write_text(str(os.getpid()))
    mark.with_suffix(".tmp").rename(mark)
"""


# A package without a function `warm`.
COLD = PACKAGE.partition("def warm")[0]


def backend(folder: Path, package: str = PACKAGE) -> ProcessBackend:
    """Return a backend for three packages, whose warm interpreters leave files in the folder."""
    sources = {name: package.replace("{name}", name) for name in NAMES}
    return processes_testing.backend(folder, sources, MARKS=str(folder))


def container(runner: ProcessBackend, name: str) -> Container:
    return processes_testing.container(runner, name, WORD=f"of {name}")


def call(runner: ProcessBackend, folder: Path, name: str, *arguments: str) -> Call:
    return processes_testing.call(runner, folder, name, *arguments, WORD=f"of {name}")


def pid(folder: Path, name: str) -> int:
    until(folder / f"{name}.pid")
    return int((folder / f"{name}.pid").read_text())


@pytest.mark.parametrize(("package", "state"), [(PACKAGE, "warm"), (COLD, "cold")])
def test_a_step_gives_the_same_outputs_warm_or_cold(
    tmp_path: Path, package: str, state: str
) -> None:
    runner = backend(tmp_path, package)
    runner.warm([container(runner, "first")])
    if state == "warm":
        pid(tmp_path, "first")
    runner.run(call(runner, tmp_path, "first", 'ünï "quoted"\n', "0"))
    printed = (tmp_path / "first.log").read_text()
    assert printed == f"aside\nünï \"quoted\"\n|0|{state}|of first|pex\n''\n"


def test_a_failed_warm_step_reports_its_reason(tmp_path: Path) -> None:
    runner = backend(tmp_path)
    runner.warm([container(runner, "first")])
    pid(tmp_path, "first")
    with pytest.raises(TaskFailedError, match=r"step 'first' failed: .* \(exit 3\)"):
        runner.run(call(runner, tmp_path, "first", "x", "3"))


def test_modules_in_the_working_directory_are_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(tmp_path)
    runner = backend(tmp_path)
    runner.warm([container(runner, "first")])
    pid(tmp_path, "first")
    runner.run(call(runner, tmp_path, "first", "x", "0"))
    assert "x|0|warm|" in (tmp_path / "first.log").read_text()


def test_two_interpreters_wait_and_a_call_starts_the_next(tmp_path: Path) -> None:
    runner = backend(tmp_path)
    runner.warm([container(runner, name) for name in NAMES])
    waiting = {pid(tmp_path, "first"), pid(tmp_path, "second")}
    time.sleep(0.2)
    assert not (tmp_path / "third.pid").exists()
    runner.run(call(runner, tmp_path, "second", "x", "0"))
    assert pid(tmp_path, "third") not in waiting
    assert "x|0|warm|of second|" in (tmp_path / "second.log").read_text()
    assert not gone(pid(tmp_path, "first"))


def test_an_interpreter_that_died_while_waiting_is_replaced(tmp_path: Path) -> None:
    runner = backend(tmp_path)
    runner.warm([container(runner, "first")])
    os.kill(pid(tmp_path, "first"), signal.SIGKILL)
    until_gone(pid(tmp_path, "first"))
    runner.run(call(runner, tmp_path, "first", "x", "0"))
    assert "x|0|cold|of first|" in (tmp_path / "first.log").read_text()


def test_stopping_ends_waiting_interpreters(tmp_path: Path) -> None:
    runner = backend(tmp_path)
    runner.warm([container(runner, name) for name in NAMES])
    waiting = [pid(tmp_path, "first"), pid(tmp_path, "second")]
    runner.stop()
    for each in waiting:
        until_gone(each)
    assert not (tmp_path / "third.pid").exists()


RUNNER = """
import pathlib, sys, time
from pipelines.runner.process.warming_test import backend, container
runner = backend(pathlib.Path(sys.argv[1]))
runner.warm([container(runner, "first")])
time.sleep(float(sys.argv[2]))
"""


@pytest.mark.parametrize("end", ["its own", "kill -9"])
def test_no_interpreter_outlives_the_runner(tmp_path: Path, end: str) -> None:
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path), "0.5" if end == "its own" else "3600"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    waiting = pid(tmp_path, "first")
    if end == "kill -9":
        runner.kill()
    runner.wait(PATIENCE)
    until_gone(waiting)
