"""Full and read-only folders, which even root cannot write to."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = os.geteuid() == 0


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """Mount a small disk on a new folder, as root; keep its content in the folder afterwards."""
    disk = folder.with_name(f"{folder.name}.disk")
    disk.mkdir()
    folder.mkdir()
    _call("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "chaos", str(folder))
    try:
        yield
    finally:
        _call("cp", "-a", f"{folder}/.", str(disk))
        _call("umount", "--lazy", str(folder))
        folder.rmdir()
        disk.rename(folder)


def fill(folder: Path) -> Path:
    """Fill the disk of the folder, and return the file that takes the space."""
    filler = folder / ".filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make a folder and everything in it read-only; ignore a folder that does not exist."""
    if not folder.is_dir():
        yield
    elif ROOT:
        _call("mount", "--bind", str(folder), str(folder))
        try:
            # Files that are already open were opened on the mount below.
            _call("mount", "-o", "remount,bind,ro", str(folder))
            yield
        finally:
            _call("umount", "--lazy", str(folder))
    else:
        below = [folder, *(each for each in folder.rglob("*") if each.is_dir())]
        modes = {each: each.stat().st_mode for each in below}
        try:
            for each in below:
                each.chmod(0o555)
            yield
        finally:
            for each, mode in modes.items():
                each.chmod(mode)


def _call(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
