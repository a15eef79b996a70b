"""Steps as real processes: how they end, and how they are stopped."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipelines.compiled.container import Container
from pipelines.components.component import discover
from pipelines.runner.process import backend as process_backend
from pipelines.runner.process import processes_testing
from pipelines.runner.process.backend import ProcessBackend
from pipelines.runner.process.processes_testing import image, main_of
from pipelines.runner.process.programs import Sources
from pipelines.runner.task.backend import Call, StoppedError, TaskFailedError
from pipelines.system.errors import PinionError

# Seconds. Generous, because the machine may be busy; a test that succeeds never waits so long.
PATIENCE = 60


def backend(folder: Path, program: str) -> ProcessBackend:
    """Return a backend for a component of one program."""
    return processes_testing.backend(folder, {"tool": main_of(program)})


def call(runner: ProcessBackend, folder: Path, *arguments: str) -> Call:
    return processes_testing.call(runner, folder, "tool", *arguments)


def until(condition: "os.PathLike[str]") -> None:
    """Wait for a file to appear; a busy machine may need a while."""
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
    "argument",
    [
        'it\'s "quoted"',
        "$(reboot) `x`",
        "two\nlines",
        "-x",
        "{{$.inputs}}",
        "ünï",
        "",
        "@/etc/hostname",
        pytest.param("@" + "é" * 119_000, id="238 KB"),
    ],
)
def test_an_argument_arrives_unchanged(tmp_path: Path, argument: str) -> None:
    program = "import sys; sys.stdout.buffer.write(sys.argv[1].encode())"
    runner = backend(tmp_path, program)
    runner.run(call(runner, tmp_path, argument))
    assert (tmp_path / "tool.log").read_bytes() == argument.encode()


def test_a_program_is_the_same_with_long_arguments(tmp_path: Path) -> None:
    program = (
        "import __main__, os, sys;"
        "print(sys.argv[0], sys.path[0], __main__.__file__, sys.flags.isolated,"
        " [len(each) for each in sys.argv[1:]], sys.stdin.read() == '')"
    )
    runner = backend(tmp_path, program)
    lines = []
    for length in (2, 131_072, 900_000):
        runner.run(call(runner, tmp_path, "x" * length, "y"))
        lines.append((tmp_path / "tool.log").read_text().splitlines()[-1])
    few, long, longer = lines
    assert "[2, 1]" in few
    assert long == few.replace("[2, 1]", "[131072, 1]")
    assert longer == few.replace("[2, 1]", "[900000, 1]")


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("print('first'); exit('tool: error: no such column')", r"no such column \(exit 1\)"),
        ("raise SystemExit(7)", r"it printed nothing \(exit 7\)"),
        ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL"),
    ],
)
def test_a_failed_step_reports_its_reason(tmp_path: Path, program: str, reason: str) -> None:
    runner = backend(tmp_path, program)
    with pytest.raises(TaskFailedError, match=f"step 'tool' failed: {reason}"):
        runner.run(call(runner, tmp_path))


class Running(threading.Thread):
    """A step that runs in a thread, as the interpreter runs it."""

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


def test_a_stopped_step_may_clean_up_and_its_children_end_too(tmp_path: Path) -> None:
    runner = backend(tmp_path, GRACEFUL)
    running = Running(runner, call(runner, tmp_path, str(tmp_path)))
    running.start()
    until(tmp_path / "child")
    runner.stop()
    running.join(PATIENCE)
    assert running.ended == "stopped"
    assert (tmp_path / "closed").exists()
    until_gone(int((tmp_path / "child").read_text()))


def test_a_step_that_ignores_sigterm_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_backend, "_GRACE_SECONDS", 0.2)
    runner = backend(
        tmp_path,
        "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "pathlib.Path(sys.argv[1], 'started').touch(); time.sleep(3600)",
    )
    running = Running(runner, call(runner, tmp_path, str(tmp_path)))
    running.start()
    until(tmp_path / "started")
    runner.stop()
    running.join(PATIENCE)
    assert running.ended == "stopped"


@pytest.mark.parametrize("program", ["/bin/sh", "/app/../bin/sh", "sh"])
def test_only_the_program_of_the_component_can_be_started(tmp_path: Path, program: str) -> None:
    runner = backend(tmp_path, "exit(0)")
    step = Container(image(runner, "tool"), (program, "-c", "exit 3"), {}, {}, {})
    with pytest.raises(PinionError, match=f"step 'make' starts {program}, which only its image"):
        runner.prepare([("make", step)])


def test_an_edit_does_not_change_a_prepared_step(tmp_path: Path) -> None:
    runner = backend(tmp_path, "print('first')")
    step = call(runner, tmp_path)
    source = tmp_path / "tree" / "components" / "tool" / "tool" / "__main__.py"
    source.write_text(main_of("print('second')"))
    runner.run(step)
    assert (tmp_path / "tool.log").read_text() == "first\n"


def test_a_step_pinned_to_other_content_is_refused(tmp_path: Path) -> None:
    runner = backend(tmp_path, "exit(0)")
    stale = processes_testing.container(runner, "tool")
    source = tmp_path / "tree" / "components" / "tool" / "tool" / "__main__.py"
    source.write_text(main_of("exit(1)"))
    workspace = runner.sources.workspace
    sources = Sources(workspace, discover(workspace.components), {})
    fresh = ProcessBackend(sources, runner.environments)
    with pytest.raises(PinionError, match="step 'make' is pinned to 1.0.0-dev.*; compile again"):
        fresh.prepare([("make", stale)])


def test_nothing_starts_after_a_stop(tmp_path: Path) -> None:
    runner = backend(tmp_path, "print('here')")
    runner.stop()
    with pytest.raises(StoppedError):
        runner.run(call(runner, tmp_path))
    assert (tmp_path / "tool.log").read_text() == ""


RUNNER = """
import pathlib, sys
from pipelines.runner.process.backend_test import Running, backend, call
folder = pathlib.Path(sys.argv[1])
program = "import os, pathlib, sys, time; folder = pathlib.Path(sys.argv[1]);" \\
    "(folder / 'tmp').write_text(str(os.getpid())); (folder / 'tmp').rename(folder / 'pid');" \\
    "time.sleep(3600)"
runner = backend(folder, program)
running = Running(runner, call(runner, folder, str(folder)))
running.start()
running.join()
"""


def test_no_step_outlives_a_killed_runner(tmp_path: Path) -> None:
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
