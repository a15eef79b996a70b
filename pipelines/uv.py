"""Call uv, which makes virtual environments and installs what a lock says."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.errors import PinionError
from pipelines.workspace import Workspace

# Says what is going on, as a part of a line: `downloading scipy, 12 of 70 MiB`.
Tell = Callable[[str], None]

_DOWNLOADING = re.compile(r"^Downloading (?P<name>\S+) \((?P<size>[\d.]+)(?P<unit>[KMG]iB)\)")
_DOWNLOADED = re.compile(r"^ +Downloaded (?P<name>\S+)")
_BUILDING = re.compile(r"^ +Building (?P<name>[^\s=]+)")
_MEBIBYTES = {"KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}

# What uv says on stderr, and what a person can do about it. The first that is found counts.
_REASONS = (
    (
        re.compile(r"Hash mismatch for `(?P<what>[^`]+)`"),
        "the file that the index has of {what} is not the one in the lock; if you trust it, run"
        " make lock, otherwise find out who changed it",
    ),
    (
        re.compile(r"requirement to have their versions pinned|[Hh]ashes? (?:is|are) required"),
        "a package has no version or no hash in the lock; run make lock",
    ),
    (
        re.compile(r"No space left on device|Disk quota exceeded"),
        "no space left in {cache}; free some, or set XDG_CACHE_HOME to a folder with more",
    ),
    (
        re.compile(r"Read-only file system|Permission denied"),
        "{cache} cannot be written to; set XDG_CACHE_HOME to a folder that you can write to",
    ),
    (
        re.compile(
            r"dns error|tcp connect error|error sending request|Could not connect"
            r"|Failed to fetch|Failed to download|operation timed out|client error",
            re.IGNORECASE,
        ),
        "the packages cannot be downloaded; check the network, or name another index with"
        " UV_DEFAULT_INDEX",
    ),
    (
        re.compile(r"No interpreter found"),
        "CPython 3.11 is needed and cannot be downloaded; install it (your system's package, or"
        " pyenv install 3.11)",
    ),
    (
        re.compile(r"no version of (?P<what>\S+)|(?P<other>\S+) was not found in the package"),
        "the index lacks a package of the lock; name another index with UV_DEFAULT_INDEX",
    ),
)  # fmt: skip


def find_uv(workspace: Workspace) -> Path:
    """Return the uv on the PATH, else the one that build-support/uv installs from its lock.

    Raises `PinionError` if there is none and none can be installed.
    """
    if found := shutil.which("uv"):
        return Path(found)
    script = workspace.root / "build-support" / "uv"
    asked = subprocess.run([script], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise PinionError(last_line(asked.stderr) or f"{script} failed; install uv")
    return Path(asked.stdout.strip())


def last_line(text: str) -> str:
    """Return the last line that is not empty, without uv's and our own prefixes."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return re.sub(r"^(error|pinion): ", "", lines[-1]) if lines else ""


def run_uv(
    uv: Path, arguments: Sequence[str | Path], cache: Path, tell: Tell, started: "Started"
) -> None:
    """Run uv to its end and tell what it downloads.

    `cache` is named in errors; `started` keeps the process for who may stop it. Raises
    `PinionError`, one line on what to do, if uv fails.
    """
    lines: list[str] = []
    downloads = _Downloads()
    with subprocess.Popen(
        [uv, *arguments],
        # Outside of every project, whose settings for uv are none of ours; the user's own count.
        cwd=cache,
        env=_environment(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process, started.running(process):
        for line in process.stderr or ():
            lines.append(line)
            if text := downloads.read(line):
                tell(text)
    if process.returncode != 0:
        raise PinionError(explain("".join(lines), cache))


def explain(said: str, cache: Path) -> str:
    """Return what uv's messages mean for a person, in one line."""
    for pattern, text in _REASONS:
        if match := pattern.search(said):
            what = next((each for each in match.groups() if each), "")
            return text.format(what=what, cache=cache)
    return f"uv says: {last_line(said) or 'nothing'}"


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    # An active environment, or another Python's modules, must not steer what is installed where.
    hidden = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "CONDA_PREFIX"}
    return {name: value for name, value in given.items() if name not in hidden}


@dataclass
class Started:
    """The processes of uv that run, so that another thread can end them."""

    processes: "list[subprocess.Popen[str]]" = field(default_factory=list)
    stopped: bool = False

    def running(self, process: "subprocess.Popen[str]") -> "_Running":
        """Hold a process for as long as the block runs."""
        return _Running(self, process)

    def stop(self) -> None:
        """End what runs; what starts later ends at once."""
        self.stopped = True
        for process in list(self.processes):
            process.terminate()


@dataclass
class _Running:
    started: Started
    process: "subprocess.Popen[str]"

    def __enter__(self) -> None:
        self.started.processes.append(self.process)
        if self.started.stopped:
            self.process.terminate()

    def __exit__(self, *_error: object) -> None:
        self.started.processes.remove(self.process)


@dataclass
class _Downloads:
    """What uv downloads, from what it prints where it draws no bars."""

    sizes: dict[str, float] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def read(self, line: str) -> str:
        """Return the state after a line, or an empty text if it says nothing new."""
        if match := _BUILDING.match(line):
            return f"building {match['name']}"
        if match := _DOWNLOADING.match(line):
            self.sizes[match["name"]] = float(match["size"]) * _MEBIBYTES[match["unit"]]
        elif match := _DOWNLOADED.match(line):
            self.done.add(match["name"])
        else:
            return ""
        waiting = list(self._waiting())
        if not waiting:
            return "unpacking"
        got = sum(size for name, size in self.sizes.items() if name in self.done)
        return f"downloading {', '.join(waiting)}: {got:.0f} of {sum(self.sizes.values()):.0f} MiB"

    def _waiting(self) -> Iterator[str]:
        """The largest first, as many as a line can hold."""
        rest = [name for name in self.sizes if name not in self.done]
        yield from sorted(rest, key=lambda name: -self.sizes[name])[:3]
