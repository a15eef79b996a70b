"""Call uv to make virtual environments and to install what a lock lists."""

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pipelines.environments.uv_messages import explain, last_line
from pipelines.system.child_processes import die_with_parent
from pipelines.system.errors import PinionError
from pipelines.system.workspace import ROOT

# Is told what is happening, as part of a line: `downloading scipy: 12 of 70 MiB`.
Tell = Callable[[str], None]

_DOWNLOADING = re.compile(r"^Downloading (?P<name>\S+) \((?P<size>[\d.]+)(?P<unit>[KMG]iB)\)")
_DOWNLOADED = re.compile(r"^ +Downloaded (?P<name>\S+)")
_BUILDING = re.compile(r"^ +Building (?P<name>[^\s=]+)")
_MEBIBYTES = {"KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}

# An active environment, or another Python's modules, must not influence what is installed where. If
# COLUMNS is set, uv wraps its messages, in the middle of the phrases that we look for.
_HIDDEN = {
    "COLUMNS", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "UV_SYSTEM_PYTHON",
    "UV_VENV_SEED", "UV_COMPILE_BYTECODE", "UV_NO_INSTALLER_METADATA", "UV_WORKING_DIR",
}  # fmt: skip
_FIND = ROOT / "build-support" / "uv"
# With two retries a dead network is reported within seconds, a silent one within 90 seconds.
_DEFAULTS = {"UV_HTTP_RETRIES": "2"}


class StoppedInstallingError(Exception):
    """Installing was stopped, because its result is no longer needed."""


@dataclass
class Started:
    """The programs that run, so that another thread can end them."""

    processes: "list[subprocess.Popen[str]]" = field(default_factory=list)
    stopped: bool = False

    @contextmanager
    def running(self, process: "subprocess.Popen[str]") -> Iterator[None]:
        """List a process for as long as the block runs, and end it if the block fails."""
        self.processes.append(process)
        # `stop` either finds the process in the list, or has set `stopped` by now.
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
        """End all running programs, and let no more start."""
        self.stopped = True
        for process in list(self.processes):
            _end(process)


def _end(process: "subprocess.Popen[str]") -> None:
    # End its children too: they would keep its output open.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


@dataclass(frozen=True)
class Uv:
    """Calls of uv that make something in a folder and report what they download.

    They inherit `lock`: a process that waits for it waits until they end, even if we are killed.
    """

    folder: Path
    tell: Tell
    started: Started
    lock: IO[bytes] | None = None

    def run(self, arguments: Sequence[str | Path]) -> None:
        """Run uv to its end.

        Raise `PinionError`, with one line that says what to do, if it fails, and
        `StoppedInstallingError` if it was stopped.
        """
        uv = self._program()
        code, errors, _ = self._call([uv, *arguments])
        if code < 0:
            raise PinionError(f"{uv} was killed by {signal.Signals(-code).name}")
        if code > 0:
            raise PinionError(explain(errors, self.folder, os.environ))

    def _program(self) -> Path:
        """Return the uv on the PATH, or the one that build-support/uv installs from its lock."""
        code, errors, path = self._call([_FIND])
        if code != 0:
            raise PinionError(last_line(errors) or f"{_FIND} failed; install uv")
        return Path(path.strip())

    def _call(self, command: Sequence[str | Path]) -> tuple[int, str, str]:
        """Return the exit code of a program, its stderr and its stdout; report its downloads."""
        if self.started.stopped:
            raise StoppedInstallingError
        with self._process(command) as process:
            errors, downloads = [], _Downloads()
            with self.started.running(process):
                for line in process.stderr or ():
                    errors.append(line)
                    if text := downloads.read(line):
                        self.tell(text)
            printed = process.stdout.read() if process.stdout else ""
        if self.started.stopped:
            raise StoppedInstallingError
        return process.returncode, "".join(errors), printed

    def _process(self, command: Sequence[str | Path]) -> "subprocess.Popen[str]":
        try:
            return subprocess.Popen(
                command,
                # Outside every project, so that no project's settings for uv apply.
                cwd=self.folder,
                env=_DEFAULTS
                | {name: value for name, value in os.environ.items() if name not in _HIDDEN},
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


@dataclass
class _Downloads:
    """What uv downloads, read from the lines that it prints instead of progress bars."""

    sizes: dict[str, float] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def read(self, line: str) -> str:
        """Return the state after a line, or an empty text if the line is not about downloads."""
        if match := _BUILDING.match(line):
            return f"building {match['name']}"
        if match := _DOWNLOADING.match(line):
            self.sizes[match["name"]] = float(match["size"]) * _MEBIBYTES[match["unit"]]
        elif match := _DOWNLOADED.match(line):
            self.done.add(match["name"])
        else:
            return ""
        waiting = [name for name in self.sizes if name not in self.done]
        if not waiting:
            return "unpacking"
        largest = sorted(waiting, key=lambda name: -self.sizes[name])[:3]
        got = sum(size for name, size in self.sizes.items() if name in self.done)
        return f"downloading {', '.join(largest)}: {got:.0f} of {sum(self.sizes.values()):.0f} MiB"
