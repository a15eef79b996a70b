"""Call uv, which makes virtual environments and installs what a lock says."""

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pipelines.environments.uv_messages import explain, last_line
from pipelines.system.child_processes import die_with_parent
from pipelines.system.errors import PinionError
from pipelines.system.workspace import ROOT

# Says what is going on, as a part of a line: `downloading scipy, 12 of 70 MiB`.
Tell = Callable[[str], None]

_DOWNLOADING = re.compile(r"^Downloading (?P<name>\S+) \((?P<size>[\d.]+)(?P<unit>[KMG]iB)\)")
_DOWNLOADED = re.compile(r"^ +Downloaded (?P<name>\S+)")
_BUILDING = re.compile(r"^ +Building (?P<name>[^\s=]+)")
_MEBIBYTES = {"KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}

# An active environment, or another Python's modules, must not steer what is installed where. If a
# width is set, uv breaks its messages into lines, in the middle of what is looked for in them.
_HIDDEN = {
    "COLUMNS", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "UV_SYSTEM_PYTHON",
    "UV_VENV_SEED", "UV_COMPILE_BYTECODE", "UV_NO_INSTALLER_METADATA", "UV_WORKING_DIR",
}  # fmt: skip
_FIND = ROOT / "build-support" / "uv"
# A dead network is told in seconds; one that never answers, in a minute and a half.
_DEFAULTS = {"UV_HTTP_RETRIES": "2"}


class StoppedInstallingError(PinionError):
    """What was being installed is not needed any more."""

    def __init__(self) -> None:
        super().__init__("it was stopped")


@dataclass
class Started:
    """The programs that run, so that another thread can end them."""

    processes: "list[subprocess.Popen[str]]" = field(default_factory=list)
    stopped: bool = False

    @contextmanager
    def running(self, process: "subprocess.Popen[str]") -> Iterator[None]:
        """Hold a process for as long as the block runs."""
        self.processes.append(process)
        # Whoever stops all either sees it in the list, or is seen here.
        if self.stopped:
            _end(process)
        try:
            yield
        except BaseException:
            _end(process)
            raise
        finally:
            self.processes.remove(process)

    def stop(self) -> None:
        """End what runs; nothing starts any more."""
        self.stopped = True
        for process in list(self.processes):
            _end(process)


def _end(process: "subprocess.Popen[str]") -> None:
    # With what it started, which would keep its output open.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


@dataclass(frozen=True)
class Uv:
    """Calls of uv that make something in a folder, and tell what they download.

    Another process that waits for `lock` waits until they have ended, even if we are killed.
    """

    folder: Path
    tell: Tell
    started: Started
    lock: IO[bytes] | None = None

    def run(self, arguments: Sequence[str | Path]) -> None:
        """Run it to its end.

        Raises `PinionError` with one line on what to do if it fails, or was stopped.
        """
        uv = self._program()
        code, said, _ = self._call([uv, *arguments])
        if code < 0:
            raise PinionError(f"{uv} was killed by {signal.Signals(-code).name}")
        if code > 0:
            raise PinionError(explain(said, self.folder, os.environ))

    def _program(self) -> Path:
        """Return the uv on the PATH, else the one that build-support/uv installs from its lock."""
        code, said, path = self._call([_FIND])
        if code != 0:
            raise PinionError(last_line(said) or f"{_FIND} failed; install uv")
        return Path(path.strip())

    def _call(self, command: Sequence[str | Path]) -> tuple[int, str, str]:
        """Return the exit code of a program, what it said, and what it printed."""
        if self.started.stopped:
            raise StoppedInstallingError
        with self._process(command) as process:
            said = self._follow(process)
            printed = process.stdout.read() if process.stdout else ""
        if self.started.stopped:
            raise StoppedInstallingError
        return process.returncode, said, printed

    def _process(self, command: Sequence[str | Path]) -> "subprocess.Popen[str]":
        try:
            return subprocess.Popen(
                command,
                # Outside of every project, whose settings for uv are none of ours.
                cwd=self.folder,
                env=_environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
                pass_fds=[self.lock.fileno()] if self.lock else (),
                preexec_fn=die_with_parent,
            )
        except OSError as error:
            raise PinionError(f"{command[0]} cannot be started: {error.strerror}") from error

    def _follow(self, process: "subprocess.Popen[str]") -> str:
        """Return all that it says."""
        lines: list[str] = []
        downloads = _Downloads()
        with self.started.running(process):
            for line in process.stderr or ():
                lines.append(line)
                if text := downloads.read(line):
                    self.tell(text)
        return "".join(lines)


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in given.items() if name not in _HIDDEN}
    return {**_DEFAULTS, **kept}


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
