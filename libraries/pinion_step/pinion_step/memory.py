"""The memory that this process may still take, and the memory that a Parquet file needs."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pinion_step.errors import StepError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Of the available memory; above this share, a little more than expected would be too much.
SAFE_SHARE = 0.8
MORE = "give the step more memory (on a cluster: `memory` in the platform file) or fewer rows"
PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
# What counts against each limit of the process, by its name in /proc/self/status.
LIMITS = {resource.RLIMIT_AS: "VmSize", resource.RLIMIT_DATA: "VmData"}


def held() -> int:
    """Return the bytes that the process takes now, without the files of its libraries."""
    return _numbers(PROC / "self/status").get("RssAnon", 0)


def available(proc: Path = PROC, cgroups: Path = CGROUPS) -> int | None:
    """Return the bytes that the process may still take, None if they are not known.

    They are the least of what the machine, the control groups and the limits of the process leave.
    The number is rather too large than too small: it includes swap, and what a group could give
    back, such as its file cache, does not count as used.
    """
    machine = _numbers(proc / "meminfo")
    swap = machine.get("SwapFree", 0)
    bounds = [left + swap for left in _groups(proc, cgroups)]
    if "MemAvailable" in machine:
        bounds.append(machine["MemAvailable"] + swap)
    bounds += _own(proc)
    return max(0, min(bounds)) if bounds else None


def shortage(name: str, rows: str, least: int, likely: int) -> str:
    """Return a warning if rows that need so many bytes may not fit in memory, else an empty text.

    Raises `StepError` if not even the least fits.
    """
    left, now = available(), held()
    if left is None or max(least, likely / SAFE_SHARE) <= left:
        return ""
    there = f"there is room for {in_words(now + left)}; {MORE}"
    if least > left:
        raise StepError(
            f"{name} does not fit in memory: {rows} need at least {in_words(now + least)}, {there}"
        )
    return f"{name} may not fit in memory: {rows} need about {in_words(now + likely)}, {there}"


def in_words(size: int) -> str:
    """Return a size in one unit, for people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def parquet_bytes(file: pq.FileMetaData, shared: bool = False) -> int:
    """Return the least number of bytes that a Parquet file takes as a frame of pandas.

    If equal texts are `shared`, each row takes only a reference to its text.
    """
    kinds = enumerate(file.schema.to_arrow_schema().types)
    return sum(_column_bytes(file, place, kind, shared) for place, kind in kinds)


def _column_bytes(file: pq.FileMetaData, place: int, kind: pa.DataType, shared: bool) -> int:
    import pyarrow as pa

    if pa.types.is_primitive(kind):
        return file.num_rows * max(1, kind.bit_width // 8)
    if not pa.types.is_string(kind) and not pa.types.is_large_string(kind):
        return 0
    if shared:
        return file.num_rows * 8
    groups = (file.row_group(number) for number in range(file.num_row_groups))
    stored = sum(group.column(place).total_uncompressed_size for group in groups)
    # A text takes 8 bytes more than its length in memory, and 4 in the file, or less if it repeats.
    return file.num_rows * 8 + max(0, stored - 4 * file.num_rows)


def _groups(proc: Path, cgroups: Path) -> Iterator[int]:
    for line in _text(proc / "self/cgroup").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if not controllers:
            yield from _levels(cgroups, path, "memory.max", "anon")
        elif "memory" in controllers.split(","):
            yield from _levels(cgroups / "memory", path, "memory.limit_in_bytes", "total_rss")


def _levels(root: Path, path: str, limit: str, used: str) -> Iterator[int]:
    """Yield the bytes that a control group and each group above it leave.

    In a container, the path may be one of the host that does not exist here. The root is then the
    container's own group.
    """
    group = root / path.lstrip("/")
    for level in (group, *group.parents):
        most = _text(level / limit).strip()
        if most.isdigit():  # not "max"
            yield int(most) - _numbers(level / "memory.stat").get(used, 0)


def _own(proc: Path) -> Iterator[int]:
    status = _numbers(proc / "self/status")
    for kind, name in LIMITS.items():
        most, _ = resource.getrlimit(kind)
        if most != resource.RLIM_INFINITY and name in status:
            yield most - status[name]


def _numbers(path: Path) -> dict[str, int]:
    """Read lines such as `VmSize: 5 kB` and `anon 5120`, in bytes."""
    found = {}
    for line in _text(path).splitlines():
        name, *values = line.replace(":", " ").split() or [""]
        if values and values[0].isdigit():
            found[name] = int(values[0]) * (1024 if values[1:] == ["kB"] else 1)
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, ValueError):
        return ""
