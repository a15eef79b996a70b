"""Copy the working tree as a clone would, and call programs in it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Pants as users run it, with a daemon: without one, every call takes seconds to start.
DAEMON = {"PANTS_PANTSD": "true"}


def clone(folder: Path) -> Path:
    """Copy the files that git tracks or would add, without build results."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def environment(**changes: str) -> dict[str, str]:
    """Return the caller's variables without a tracking server, and with Pants' daemon off."""
    # Otherwise a make within `make test-all` would take over its flags, and say that it is nested.
    hidden = ("MLFLOW_", "MAKE", "MFLAGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return {**kept, "PANTS_PANTSD": "false", **changes}


def call(folder: Path, *command: str | Path, **changes: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a folder to its end."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(**changes),
        capture_output=True,
        text=True,
        check=False,
        # The first call of Pants on a new machine takes a quarter of an hour beside other tests.
        timeout=2400,
    )


@contextmanager
def daemon_of(folder: Path) -> Iterator[None]:
    """End with the block the daemon that calls with `DAEMON` start in a tree."""
    try:
        yield
    finally:
        for pid in folder.glob(".pids/*/pantsd/pid"):
            with suppress(ProcessLookupError):
                os.kill(int(pid.read_text()), signal.SIGTERM)


def git(folder: Path, *arguments: str) -> str:
    """Return the output of a git command in a folder, which must succeed."""
    person = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
    done = call(folder, "git", *person, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(folder: Path, message: str) -> str:
    """Commit everything, and return the hash of the commit."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")
