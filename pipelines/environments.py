"""The environment that a component runs in as a process: a venv made once from its two PEXes."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from pipelines.errors import PinionError
from pipelines.packages import Package, dist_lock
from pipelines.workspace import Workspace

# What a shell sets for Python or for other PEXes must not steer how these are unpacked.
_KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")


def environment(workspace: Workspace, package: Package) -> Path:
    """The folder that `/app` is in the component's image; made on first use.

    It is named after the hash of what is in it, so that another build is another folder. Several
    processes may ask at once; what a killed one left half made is made again.
    """
    name = f"{package.component.name}-{package.pex_hash()[:16]}"
    folder = workspace.environments / name
    if (folder / ".complete").exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".complete").exists():
            with dist_lock(workspace, exclusive=False):
                _make(workspace, package, folder)
            (folder / ".complete").touch()
    return folder


def _make(workspace: Workspace, package: Package, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    settings = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # Beside the venvs, so that they hold hard links to one copy of every package.
    settings |= {"PEX_ROOT": str(workspace.environments / ".pex"), "PEX_TOOLS": "1"}
    for pex, scope in ((package.deps, "deps"), (package.app, "srcs")):
        made = subprocess.run(
            [sys.executable, pex, "venv", f"--scope={scope}", folder],
            env=settings,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            shutil.rmtree(folder, ignore_errors=True)
            reason = (made.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise PinionError(
                f"cannot make the environment of {package.component.name} from {pex}: {reason}"
            )
