"""Read-only copies of components' code, each under its hash, from which steps run.

An edit of the working tree changes nothing that is running, and a release runs from what git held.
"""

import compileall
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from py_compile import PycInvalidationMode

from pipelines.contents import Content
from pipelines.errors import PinionError
from pipelines.workspace import Workspace

# The program of every component, by the name that it has in images.
PROGRAM = "pex"
_PROGRAM = """\
import sys
from {name}.__main__ import main
sys.exit(main())
"""
_KEPT_SECONDS = 30 * 24 * 3600


def snapshot(workspace: Workspace, name: str, content: Content, files: Mapping[str, bytes]) -> Path:
    """Return the folder that stands for /app of the component's image, made on first use.

    `files` are those of the content. Raises `PinionError` if it cannot be made.
    """
    sources = workspace.cache / "sources"
    folder = sources / f"{name}-{content.runs.rpartition(':')[2][:16]}"
    try:
        if not folder.exists():
            sources.mkdir(parents=True, exist_ok=True)
            _make(folder, name, files)
            _evict(sources, time.time() - _KEPT_SECONDS)
        os.utime(folder)
    except OSError as error:
        raise PinionError(
            f"the code of {name} cannot be copied to {sources}: {error.strerror}; make room there,"
            " or set XDG_CACHE_HOME to a folder that you can write to"
        ) from error
    return folder


def _make(folder: Path, name: str, files: Mapping[str, bytes]) -> None:
    partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for path, content in files.items():
            if path.startswith(f"{name}/"):
                (partial / path).parent.mkdir(parents=True, exist_ok=True)
                (partial / path).write_bytes(content)
        (partial / PROGRAM).write_text(_PROGRAM.format(name=name))
        # Bytecode that is never held against times, which a copy of the folder would change.
        mode = PycInvalidationMode.UNCHECKED_HASH
        compileall.compile_dir(
            partial / name, quiet=2, invalidation_mode=mode, stripdir=partial, prependdir=folder
        )
        for each in (*partial.rglob("*"), partial):
            each.chmod(0o555 if each.is_dir() else 0o444)
        os.replace(partial, folder)
    except OSError:
        remove(partial)
        # Another process may have been faster.
        if not folder.exists():
            raise


def _evict(sources: Path, before: float) -> None:
    for each in sources.iterdir():
        if each.stat().st_mtime < before:
            remove(each)


def remove(folder: Path) -> None:
    """Remove a read-only folder with all in it."""
    for each in (folder, *folder.rglob("*")):
        if each.is_dir():
            each.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)
