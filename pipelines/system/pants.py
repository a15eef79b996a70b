"""Calls Pants through the launcher of the working tree."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace

# What Pants has to end what it started, before it is left alone.
_GRACE_SECONDS = 30


def run_pants(
    workspace: Workspace, arguments: Sequence[str], settings: Mapping[str, str] | None = None
) -> None:
    """Runs it to its end, with more environment variables; its messages go to stderr.

    Whatever stops this process stops Pants first: it must not publish after we said that we ended.
    Raises `PinionError` where it fails or is not there.
    """
    launcher, command = workspace.root / "pants", " ".join(["./pants", *arguments])
    if not launcher.exists():
        raise PinionError(f"{launcher} is not there; run: {command}")
    with subprocess.Popen(
        [launcher, *arguments],
        cwd=workspace.root,
        env={**os.environ, **(settings or {})},
        stdout=sys.stderr,
    ) as pants:
        try:
            exit_code = pants.wait()
        except BaseException:
            pants.send_signal(signal.SIGINT)
            try:
                pants.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                pants.kill()
            raise
    if exit_code != 0:
        raise PinionError(f"Pants failed, see its messages above; it ran: {command}")
