"""Where things are in this repository."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.system.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]


def user_cache() -> Path:
    """Return the folder of what can be made again, as the XDG base directories have it."""
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(base) / "pinion"


@dataclass(frozen=True)
class Workspace:
    """The working tree whose components are compiled and run, and the cache of who works in it."""

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
    """A path to write a YAML file to, which appears at `output` whole, or not at all."""
    # A link stays one; what it names is replaced.
    output = output.resolve()
    if output.is_dir():
        raise UsageError(f"{output} is a folder; name a file")
    output.parent.mkdir(parents=True, exist_ok=True)
    special = output.exists() and not output.is_file()
    parent = None if special else output.parent
    with tempfile.TemporaryDirectory(dir=parent, prefix=f".{output.name}.") as folder:
        # KFP goes by the name.
        partial = Path(folder) / "whole.yaml"
        yield partial
        if special:
            # A pipe or a device is written to, never replaced.
            output.write_bytes(partial.read_bytes())
        else:
            os.replace(partial, output)
