"""Cache the compiled file of the working tree under a hash of everything that it depends on.

Importing KFP's SDK alone takes half a second, as long as a run whose steps are all cached.
"""

import hashlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pipelines.pinning.compiler import compile_pipeline
from pipelines.pinning.pins import DEV, Pin
from pipelines.system.manifests import file_hash
from pipelines.system.workspace import ROOT, Workspace, whole

_KEPT = 50


def compile_dev(workspace: Workspace, pins: Sequence[Pin]) -> bytes:
    """Return the compiled pipeline of the working tree.

    Raises `PinionError` if the interfaces do not fit the wiring.
    """
    kept = workspace.cache / "compiled" / f"{_key(pins)}.yaml"
    if (compiled := _read(kept)) is not None:
        return compiled
    compiled = compile_pipeline(DEV, pins)
    # The cache only saves time; other code reports that it is full or read-only.
    with suppress(OSError):
        _keep(kept, compiled)
    return compiled


def _key(pins: Sequence[Pin]) -> str:
    """Return the hash of what a compiled file depends on: the pins, our code, the SDK, Python."""
    hashes = hashlib.sha256(f"{sys.version}\n{list(pins)}\n".encode())
    pipelines = ROOT / "pipelines"
    sources = (path for path in pipelines.rglob("*.py") if not path.match("*_test.py"))
    for path in sorted((pipelines / "requirements.lock", *sources)):
        hashes.update(f"{file_hash(path)}  {path.relative_to(ROOT)}\n".encode())
    return hashes.hexdigest()


def _read(kept: Path) -> bytes | None:
    """Return a cached file if it is complete; its first line is the hash of the rest."""
    try:
        digest, _, compiled = kept.read_bytes().partition(b"\n")
        os.utime(kept)
    except OSError:
        return None
    return compiled if hashlib.sha256(compiled).hexdigest().encode() == digest else None


def _keep(kept: Path, compiled: bytes) -> None:
    with whole(kept) as file:
        file.write_bytes(hashlib.sha256(compiled).hexdigest().encode() + b"\n" + compiled)
    by_use = sorted(kept.parent.glob("*.yaml"), key=lambda path: -path.stat().st_mtime)
    for old in by_use[_KEPT:]:
        old.unlink(missing_ok=True)
