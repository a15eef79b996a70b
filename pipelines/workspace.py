"""Where things are in this repository."""

from dataclasses import dataclass
from pathlib import Path

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
    def environments(self) -> Path:
        """The folder of the environments that steps run in as processes."""
        return self.dist / "environments"
