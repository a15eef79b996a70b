"""The environment that a component runs in as a process: venvs made once from its two PEXes."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from pipelines.errors import PinionError
from pipelines.packages import Package
from pipelines.workspace import Workspace

# What a shell sets for Python or for other PEXes must not steer how these are unpacked.
_KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")


def environment(workspace: Workspace, package: Package) -> Path:
    """The folder that `/app` is in the component's image; made on first use.

    As in the image, dependencies and code are apart: a changed line makes the small venv of the
    code anew, and the large one keeps its compiled bytecode. Each is named after the hash of what
    is in it, so that another build is another folder. The caller holds the lock of `dist`.
    """
    content = package.content()
    name = f"{package.component.name}-{content.runs[:16]}"
    if not (workspace.environments / name / ".complete").exists():
        print(f"unpacking {package.component.name}", file=sys.stderr)
    dependencies = _made(
        workspace,
        f"deps-{content.dependencies[:16]}",
        lambda folder: _unpack(workspace, package.deps, "deps", folder),
    )

    def make_app(folder: Path) -> None:
        _unpack(workspace, package.app, "srcs", folder)
        (packages,) = folder.glob("lib/python*/site-packages")
        (foreign,) = dependencies.glob("lib/python*/site-packages")
        # Relative, so that a clone may be moved.
        path = os.path.relpath(foreign, folder)
        (packages / "dependencies.pth").write_text(
            f"import os, site, sys; site.addsitedir(os.path.join(sys.prefix, {path!r}))\n"
        )

    return _made(workspace, name, make_app)


def _made(workspace: Workspace, name: str, make: Callable[[Path], None]) -> Path:
    """A folder, whole: several processes may ask at once, and a killed one leaves it half made."""
    folder = workspace.environments / name
    if (folder / ".complete").exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            (folder / ".complete").touch()
    return folder


def _unpack(workspace: Workspace, pex: Path, scope: str, folder: Path) -> None:
    settings = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # Beside the venvs, so that they hold hard links to one copy of every package.
    settings |= {"PEX_ROOT": str(workspace.environments / ".pex"), "PEX_TOOLS": "1"}
    made = subprocess.run(
        [sys.executable, pex, "venv", f"--scope={scope}", folder],
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        reason = (made.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise PinionError(f"cannot unpack {pex}, remove it if it is damaged: {reason}")
