"""Steps as real processes: how they end, and how they are ended."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipelines import processes
from pipelines.backend import Call, StoppedError, TaskFailedError
from pipelines.components import Component
from pipelines.errors import PinionError
from pipelines.limits import Limits
from pipelines.packages import Package
from pipelines.processes import ProcessBackend
from pipelines.steps import Container
from pipelines.workspace import Workspace

IMAGE = "pinion/tool:1.0.0"
# Generous, because the machine may be busy; nothing waits for it that succeeds.
PATIENCE = 60


def backend(folder: Path, program: str) -> ProcessBackend:
    """A backend for one program in the place of a component's environment."""
    app = folder / "app"
    (app / "bin").mkdir(parents=True)
    (app / "bin" / "python").symlink_to(sys.executable)
    (app / "tool").write_text(program)
    return ProcessBackend(Workspace(), {}, environments={IMAGE: app})


def call(folder: Path, *arguments: str) -> Call:
    return Call(
        "tool", IMAGE, ("/app/tool", *arguments), {}, folder, folder / "log", {}, (), Limits()
    )


def until(condition: "os.PathLike[str]") -> None:
    """Waits for a file, however long that takes on a busy machine."""
    deadline = time.monotonic() + PATIENCE
    while not Path(condition).exists():
        assert time.monotonic() < deadline, f"{condition} did not appear"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def until_gone(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while not gone(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.01)


@pytest.mark.parametrize(
    "argument", ['it\'s "quoted"', "$(reboot) `x`", "two\nlines", "-x", "{{$.inputs}}", "ünï", ""]
)
def test_an_argument_arrives_unchanged(tmp_path: Path, argument: str) -> None:
    program = "import sys; sys.stdout.buffer.write(sys.argv[1].encode())"
    backend(tmp_path, program).run(call(tmp_path, argument))
    assert (tmp_path / "log").read_bytes() == argument.encode()


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("print('first'); exit('tool: error: no such column')", r"no such column \(exit 1\)"),
        ("raise SystemExit(7)", r"it printed nothing \(exit 7\)"),
        ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL"),
    ],
)
def test_a_failure_says_why(tmp_path: Path, program: str, reason: str) -> None:
    with pytest.raises(TaskFailedError, match=f"step 'tool' failed: {reason}"):
        backend(tmp_path, program).run(call(tmp_path))


class Running(threading.Thread):
    """One step, run as the interpreter does, in a thread."""

    def __init__(self, runner: ProcessBackend, step: Call) -> None:
        super().__init__(daemon=True)
        self.runner, self.step, self.ended = runner, step, ""

    def run(self) -> None:
        try:
            self.runner.run(self.step)
            self.ended = "done"
        except StoppedError:
            self.ended = "stopped"


GRACEFUL = """
import pathlib, signal, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
def end(*_):
    (folder / "closed").touch()
    sys.exit(143)
signal.signal(signal.SIGTERM, end)
(folder / "child.tmp").write_text(str(child.pid))
(folder / "child.tmp").rename(folder / "child")
time.sleep(3600)
"""


def test_a_stopped_step_may_end_well_and_takes_its_children_along(tmp_path: Path) -> None:
    runner = backend(tmp_path, GRACEFUL)
    running = Running(runner, call(tmp_path, str(tmp_path)))
    running.start()
    until(tmp_path / "child")
    runner.stop()
    running.join(PATIENCE)
    assert running.ended == "stopped"
    assert (tmp_path / "closed").exists()
    until_gone(int((tmp_path / "child").read_text()))


def test_a_step_that_does_not_listen_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_GRACE_SECONDS", 0.2)
    runner = backend(
        tmp_path,
        "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "pathlib.Path(sys.argv[1], 'started').touch(); time.sleep(3600)",
    )
    running = Running(runner, call(tmp_path, str(tmp_path)))
    running.start()
    until(tmp_path / "started")
    runner.stop()
    running.join(PATIENCE)
    assert running.ended == "stopped"


@pytest.mark.parametrize("program", ["/bin/sh", "/app/../bin/sh", "sh"])
def test_only_programs_of_the_package_are_started(tmp_path: Path, program: str) -> None:
    package = packaged(tmp_path)
    image = f"pinion/tool:{package.dev_version()}"
    workspace = Workspace(tmp_path, tmp_path / "dist")
    runner = ProcessBackend(workspace, {"tool": package})
    container = Container(image, (program, "-c", "exit 3"), {}, {}, {})
    with pytest.raises(PinionError, match=f"step 'make' starts {program}, which only its image"):
        runner.prepare([("make", container)])


def packaged(folder: Path) -> Package:
    """A component of no code, as Pants leaves it."""
    source = folder / "components" / "tool"
    source.mkdir(parents=True)
    (source / "pyproject.toml").write_text('[project]\nversion = "1.0.0"\ndependencies = []\n')
    (source / "component.yaml").write_text("implementation: {container: {image: pinion/tool}}\n")
    (source / "Dockerfile").touch()
    package = Package(Component.load(source), folder / "dist" / "components.tool")
    for pex in (package.deps, package.app):
        pex.mkdir(parents=True)
        info = {"distributions": {}, "code_hash": "a1", "entry_point": "tool"}
        (pex / "PEX-INFO").write_text(json.dumps(info))
    return package


def test_nothing_starts_once_stopped(tmp_path: Path) -> None:
    runner = backend(tmp_path, "print('here')")
    runner.stop()
    with pytest.raises(StoppedError):
        runner.run(call(tmp_path))
    assert (tmp_path / "log").read_text() == ""


RUNNER = """
import pathlib, sys
from pipelines.processes_test import Running, backend, call
folder = pathlib.Path(sys.argv[1])
program = "import os, pathlib, sys, time; folder = pathlib.Path(sys.argv[1]);" \\
    "(folder / 'tmp').write_text(str(os.getpid())); (folder / 'tmp').rename(folder / 'pid');" \\
    "time.sleep(3600)"
running = Running(backend(folder, program), call(folder, str(folder)))
running.start()
running.join()
"""


def test_a_killed_runner_leaves_no_step_behind(tmp_path: Path) -> None:
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    until(tmp_path / "pid")
    step = int((tmp_path / "pid").read_text())
    assert not gone(step)
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    until_gone(step)
