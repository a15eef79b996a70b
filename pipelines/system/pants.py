"""Call Pants through the launcher of the working tree."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from pipelines.system.errors import PinionError
from pipelines.system.workspace import Workspace

# How long Pants may take to end what it started before it is killed.
_GRACE_SECONDS = 30


def run_pants(
    workspace: Workspace, arguments: Sequence[str], settings: Mapping[str, str] | None = None
) -> None:
    """Run Pants to its end, with additional environment variables; its messages go to stderr.

    Whatever stops this process stops Pants first, because Pants must not publish anything after we
    have reported our end. Raise `PinionError` if Pants fails or its launcher is missing.
    """
    launcher, command = workspace.root / "pants", " ".join(["./pants", *arguments])
    if not launcher.exists():
        raise PinionError(f"{launcher} does not exist; in a checkout that has it, run: {command}")
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
        raise PinionError(f"Pants failed; see its messages above. The command was: {command}")
