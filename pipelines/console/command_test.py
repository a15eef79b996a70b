"""How a command ends."""

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
def test_a_command_that_is_done_is_not_stopped_while_python_ends(sign: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _COMMAND, sign],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
