"""Shared by tests of environments: real ones with small packages, in the test's own cache."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pipelines.environments.index_testing import Package
from pipelines.environments.manager import Environment, Environments
from pipelines.system.workspace import ROOT, Workspace

# Generous, because the machine may be busy; a test that passes never waits that long.
PATIENCE = 60

# Makes an environment as a run does, prints its folder, and ends as a command does.
_MAKER = """
import pathlib, sys
from pipelines.environments.manager import Environments
from pipelines.console.command import run_command
from pipelines.system.workspace import Workspace
def make(_):
    environments = Environments(Workspace(cache=pathlib.Path(sys.argv[1])))
    print(environments.ready("tool", [sys.argv[2].encode()], lambda _: None).folder)
    return 0
sys.exit(run_command("maker", make))
"""


def ready(cache: Path, package: Package, kept: int = 24) -> Environment:
    """Have an environment made in this process."""
    environments = Environments(Workspace(cache=cache), kept=kept)
    return environments.ready("tool", [package.lock], lambda _: None)


def maker(cache: Path, lock: bytes, before: str = "", **variables: str) -> "subprocess.Popen[str]":
    """Start another process that makes one, after the shell commands in `before`.

    Their mounts are visible to that process only.
    """
    command = [sys.executable, "-c", _MAKER, str(cache), lock.decode()]
    if before:
        user = [] if os.getuid() == 0 else ["--map-root-user"]
        script = f'{before}\nexec "$@"'
        command = ["unshare", *user, "--mount", "bash", "-ec", script, "bash", *command]
    return subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(process: "subprocess.Popen[str]") -> tuple[int | None, str, str]:
    """Wait for a process to end; return its exit code, its stdout and its stderr."""
    stdout, stderr = process.communicate(timeout=PATIENCE)
    return process.returncode, stdout.strip(), stderr.strip()


def says(environment: Environment) -> str:
    """Return what a program in an environment reads from the package `tool`."""
    command = [str(environment.python), "-sE", "-c", "import tool; print(tool.ANSWER)"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def listed(cache: Path) -> list[str]:
    """Return what the folder of the environments holds: locks, partial and whole ones."""
    names = (each.name for each in (cache / "environments").iterdir())
    return sorted(name.rpartition(".")[2] if name.startswith(".") else "whole" for name in names)


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something, however long that takes on a busy machine."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not yet: {what}")
        time.sleep(0.01)
