"""Make read-only copies of components' code, each under its hash, from which steps run.

An edit of the working tree does not affect a step that is running, and a release runs from git.
"""

import compileall
import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import IO

from pipelines.components.content import LIBRARY, Content
from pipelines.system.errors import PinionError
from pipelines.system.shared_folders import Held, SharedFolders
from pipelines.system.workspace import Workspace

# The name of every component's program, as in its image.
PROGRAM = "pex"
_PROGRAM = """\
import sys
from {name}.__main__ import main
sys.exit(main())
"""
# Written last; holds the hash of all other files, including bytecode.
_COMPLETE = ".complete"
# Snapshots are small, and a month of work on all components makes fewer than that.
_KEPT = 500
_KEPT_SECONDS = 30 * 24 * 3600


def snapshot(workspace: Workspace, name: str, content: Content, files: Mapping[str, bytes]) -> Held:
    """Return the folder that takes the place of /app in the component's image, made on first use.

    `files` are those of the content. Raise `PinionError` if the folder cannot be made.
    """
    sources = SharedFolders(workspace.cache / "sources", _KEPT, _KEPT_SECONDS)
    key = f"{name}-{content.runs.rpartition(':')[2][:16]}"
    make = partial(_make, sources.root / key, name, files)
    try:
        return sources.held(key, _is_whole, make, lambda: None)
    except OSError as error:
        raise PinionError(
            f"the code of {name} cannot be copied to {sources.root}: {error.strerror}; free some"
            " space there, or set XDG_CACHE_HOME to a folder that you can write to"
        ) from error


def _make(folder: Path, name: str, files: Mapping[str, bytes], partial: Path, _: IO[bytes]) -> None:
    for path, content in files.items():
        if path.startswith((f"{name}/", f"{LIBRARY}/")):
            (partial / path).parent.mkdir(parents=True, exist_ok=True)
            (partial / path).write_bytes(content)
    (partial / PROGRAM).write_text(_PROGRAM.format(name=name))
    # Bytecode that Python does not check against times, which copying the folder would change.
    mode = PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(
        partial, quiet=2, invalidation_mode=mode, stripdir=partial, prependdir=folder
    )
    (partial / _COMPLETE).write_text(_hash(partial))
    for each in (*partial.rglob("*"), partial):
        each.chmod(0o555 if each.is_dir() else 0o444)


def _is_whole(folder: Path) -> bool:
    # A power cut may have truncated a file; the folder is small enough to be read each time.
    complete = folder / _COMPLETE
    return complete.exists() and complete.read_text(errors="replace") == _hash(folder)


def _hash(folder: Path) -> str:
    hashes = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != _COMPLETE:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            hashes.update(f"{digest}  {path.relative_to(folder)}\n".encode())
    return hashes.hexdigest()
