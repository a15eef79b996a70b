"""Start `pipelines.ui` and `pipelines.serve` in tests as a user does."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.system.workspace import ROOT

# Generous, in seconds, because the machine may be busy.
PATIENCE = 300


@dataclass
class Command:
    """A command that runs until it is stopped."""

    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)

    def line(self) -> str:
        """Wait for the next line of output."""
        assert self.process.stdout  # noqa: S101 (a pipe)
        self.lines.append(self.process.stdout.readline().rstrip("\n"))
        return self.lines[-1]

    def stop(self, sign: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Stop it as Ctrl-C does; return its exit code and what it wrote to stderr."""
        self.process.send_signal(sign)
        _, error = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, error


def call(module: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command that ends by itself."""
    command = [sys.executable, "-m", f"pipelines.{module}", *arguments]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=variables(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@contextmanager
def started(module: str, *arguments: str, cwd: Path = ROOT) -> Iterator[Command]:
    """Start a command, and kill it if the test did not end it."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"pipelines.{module}", *arguments],
        cwd=cwd,
        env=variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # The caller of the tests may ignore the signal, as shells do for background jobs.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        yield Command(process)
    finally:
        process.kill()
        process.communicate()


def variables() -> dict[str, str]:
    """Return the variables of this process, without those of MLflow."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return {**kept, "PYTHONPATH": str(ROOT)}
