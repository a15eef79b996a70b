"""Where things are in this repository and in the user's cache, and calls of its Pants."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.system.errors import PinionError, UsageError

ROOT = Path(__file__).resolve().parents[2]


def user_cache() -> Path:
    """Return Pinion's folder in the user's cache, by the XDG base directory specification."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pinion"


@dataclass(frozen=True)
class Workspace:
    """The working tree whose components are compiled and run, and the user's cache."""

    root: Path = ROOT
    cache: Path = field(default_factory=user_cache)

    @property
    def components(self) -> Path:
        """The folder that holds one folder per component."""
        return self.root / "components"

    @property
    def releases(self) -> Path:
        """The folder that holds one folder per release, named after its tag."""
        return self.root / "pipelines" / "releases"


@contextmanager
def whole(output: Path) -> Iterator[Path]:
    """Yield a path to write a file to; it appears at `output` whole or not at all."""
    # A link stays a link; the file that it points to is replaced.
    output = output.resolve()
    if output.is_dir():
        raise UsageError(f"{output} is a folder; give the path of a file")
    output.parent.mkdir(parents=True, exist_ok=True)
    special = output.exists() and not output.is_file()
    parent = None if special else output.parent
    with tempfile.TemporaryDirectory(dir=parent, prefix=f".{output.name}.") as folder:
        partial = Path(folder) / "whole"
        yield partial
        if special:
            # Write to a pipe or a device instead of replacing it.
            output.write_bytes(partial.read_bytes())
        else:
            os.replace(partial, output)


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
