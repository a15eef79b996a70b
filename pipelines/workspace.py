"""Where things are in this repository."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import UsageError

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Workspace:
    """The working tree whose components are compiled and run.

    `dist` is where Pants put the PEXes, and where the environments made from them are kept.
    """

    root: Path = ROOT
    dist: Path = ROOT / "dist"

    @property
    def components(self) -> Path:
        """The folder that holds one folder per component."""
        return self.root / "components"

    @property
    def releases(self) -> Path:
        """The folder that holds one folder per release, named after its tag."""
        return self.root / "pipelines" / "releases"

    @property
    def environments(self) -> Path:
        """The folder of the environments that steps run in as processes."""
        return self.dist / "environments"


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
