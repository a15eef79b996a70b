"""Remember the files for which the fast tier passed, so that it is not run again for them."""

import hashlib
import subprocess
from pathlib import Path

from pipelines.system.workspace import ROOT

# In .venv, so that it disappears with the environment of the commands.
_STAMP = Path(".venv") / "tested"


def state(root: Path = ROOT) -> str:
    """Return the hash of all files that git tracks or would add; empty if git fails."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=root, capture_output=True, check=False)
    if listed.returncode != 0:
        return ""
    digest = hashlib.sha256()
    for name in sorted(filter(None, listed.stdout.decode(errors="surrogateescape").split("\0"))):
        path = root / name
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\0".encode(errors="replace"))
    return digest.hexdigest()


def remember(passed: str, root: Path = ROOT) -> None:
    """Record that the fast tier passed for this state."""
    if passed:
        (root / _STAMP).write_text(passed)


def remembered(root: Path = ROOT) -> str:
    """Return the state for which the fast tier passed last; empty if there is none."""
    stamp = root / _STAMP
    return stamp.read_text() if stamp.is_file() else ""
