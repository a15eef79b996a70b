"""Room on the disk for a download."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from pinion_step.errors import StepError

# A source without an end is stopped before the disk is full; of a small disk a share stays free.
RESERVE_BYTES = 1 << 30
RESERVE_SHARE = 20


@dataclass(frozen=True)
class Room:
    """The bytes that a download of `name` may have."""

    name: str
    most: int

    @classmethod
    def beside(cls, name: str, file: Path) -> "Room":
        """Return the room on the disk of a file, which may be there already, but empty."""
        disk = shutil.disk_usage(file.parent)
        reserve = min(RESERVE_BYTES, disk.total // RESERVE_SHARE)
        return cls(name, max(0, disk.free - reserve))

    def hold(self, size: int) -> None:
        """Raise `StepError` if so many bytes are too many."""
        if size > self.most:
            raise StepError(
                f"{self.name}: larger than the {self.most} bytes available on the disk of"
                " --dataset; free some space, or choose another path"
            )
