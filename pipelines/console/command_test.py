"""Test how a command ends."""

import os
import subprocess
import sys

import pytest

from pipelines.console.command import run_command

_COMMAND = f"""
import atexit, os, signal, sys
from {run_command.__module__} import run_command
atexit.register(os.kill, os.getpid(), getattr(signal, sys.argv[1]))
sys.exit(run_command("command", lambda _argv: 0))
"""


@pytest.mark.parametrize("sign", ["SIGINT", "SIGTERM"])
def test_a_signal_after_the_work_is_done_does_not_change_the_exit_code(sign: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _COMMAND, sign],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
