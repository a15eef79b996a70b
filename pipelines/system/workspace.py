"""Where things are in this repository, and in the user's cache."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.system.errors import UsageError

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
