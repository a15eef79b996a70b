"""Steps whose interpreters import ahead, as real processes."""

import os
import signal
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest

from pipelines.backend import Call, TaskFailedError
from pipelines.limits import Limits
from pipelines.processes import ProcessBackend
from pipelines.processes_test import PATIENCE, gone, until, until_gone
from pipelines.steps import Container
from pipelines.workspace import Workspace

NAMES = ("first", "second", "third")
STEP = """
import os, sys
import {name}.__main__ as package
print(*sys.argv[1:], package.WARM, os.environ["WORD"], os.path.basename(sys.path[0]), sep="|")
print("aside", file=sys.stderr)
print(repr(sys.stdin.read()), __name__, os.path.basename(__file__))
sys.exit(int(sys.argv[2]))
"""
PACKAGE = """
import json, os, pathlib
WARM = "cold"
def warm():
    global WARM
    WARM = "warm"
    print("noise")
    mark = pathlib.Path(os.environ["MARKS"], "{name}.pid")
    mark.with_suffix(".tmp").write_text(str(os.getpid()))
    mark.with_suffix(".tmp").rename(mark)
"""


def image(name: str) -> str:
    return f"pinion/{name}:1.0.0"


def backend(folder: Path, package: str = PACKAGE) -> ProcessBackend:
    """A backend for three packages, whose warmed interpreters leave marks in the folder."""
    environments = {}
    for name in NAMES:
        app = folder / f"app-{name}"
        venv.create(app, symlinks=True)
        (packages,) = app.glob("lib/python*/site-packages")
        (packages / name).mkdir()
        (packages / name / "__main__.py").write_text(package.format(name=name))
        (app / "step").write_text(STEP.format(name=name))
        environments[image(name)] = app
    settings = {"MARKS": str(folder)}
    return ProcessBackend(Workspace(), {}, settings=settings, environments=environments)


def container(name: str) -> Container:
    return Container(image(name), ("/app/step", "{{$.inputs}}"), {"WORD": f"of {name}"}, {}, {})


def call(folder: Path, name: str, *arguments: str) -> Call:
    environment, log = {"WORD": f"of {name}"}, folder / f"{name}.log"
    command = ("/app/step", *arguments)
    return Call(name, image(name), command, environment, folder, log, {}, (), Limits())


def pid(folder: Path, name: str) -> int:
    until(folder / f"{name}.pid")
    return int((folder / f"{name}.pid").read_text())


@pytest.mark.parametrize(("package", "state"), [(PACKAGE, "warm"), ("WARM = 'cold'", "cold")])
def test_a_step_gives_the_same_warm_or_cold(tmp_path: Path, package: str, state: str) -> None:
    runner = backend(tmp_path, package)
    runner.warm([container("first")])
    if state == "warm":
        pid(tmp_path, "first")
    runner.run(call(tmp_path, "first", 'ünï "quoted"\n', "0"))
    said = (tmp_path / "first.log").read_text()
    assert said == f"aside\nünï \"quoted\"\n|0|{state}|of first|app-first\n'' __main__ step\n"


def test_a_failure_of_a_warm_step_says_why(tmp_path: Path) -> None:
    runner = backend(tmp_path)
    runner.warm([container("first")])
    pid(tmp_path, "first")
    with pytest.raises(TaskFailedError, match=r"step 'first' failed: .* \(exit 3\)"):
        runner.run(call(tmp_path, "first", "x", "3"))


def test_modules_in_the_callers_folder_are_not_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(tmp_path)
    runner = backend(tmp_path)
    runner.warm([container("first")])
    pid(tmp_path, "first")
    runner.run(call(tmp_path, "first", "x", "0"))
    assert "x|0|warm|" in (tmp_path / "first.log").read_text()


def test_few_wait_and_the_next_follows_when_one_is_called(tmp_path: Path) -> None:
    runner = backend(tmp_path)
    runner.warm(map(container, NAMES))
    waiting = {pid(tmp_path, "first"), pid(tmp_path, "second")}
    time.sleep(0.2)
    assert not (tmp_path / "third.pid").exists()
    runner.run(call(tmp_path, "second", "x", "0"))
    assert pid(tmp_path, "third") not in waiting
    assert "x|0|warm|of second|" in (tmp_path / "second.log").read_text()
    assert not gone(pid(tmp_path, "first"))


def test_one_that_died_while_it_waited_is_replaced(tmp_path: Path) -> None:
    runner = backend(tmp_path)
    runner.warm([container("first")])
    os.kill(pid(tmp_path, "first"), signal.SIGKILL)
    until_gone(pid(tmp_path, "first"))
    runner.run(call(tmp_path, "first", "x", "0"))
    assert "x|0|cold|of first|" in (tmp_path / "first.log").read_text()


def test_stopping_ends_what_waits(tmp_path: Path) -> None:
    runner = backend(tmp_path)
    runner.warm(map(container, NAMES))
    waiting = [pid(tmp_path, "first"), pid(tmp_path, "second")]
    runner.stop()
    for each in waiting:
        until_gone(each)
    assert not (tmp_path / "third.pid").exists()


RUNNER = """
import pathlib, sys, time
from pipelines.warming_test import backend, container
runner = backend(pathlib.Path(sys.argv[1]))
runner.warm([container("first")])
time.sleep(float(sys.argv[2]))
"""


@pytest.mark.parametrize("end", ["its own", "kill -9"])
def test_a_runner_that_ends_leaves_nothing_waiting(tmp_path: Path, end: str) -> None:
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path), "0.5" if end == "its own" else "3600"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    waiting = pid(tmp_path, "first")
    if end == "kill -9":
        runner.kill()
    runner.wait(PATIENCE)
    until_gone(waiting)
