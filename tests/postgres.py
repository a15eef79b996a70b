"""A real PostgreSQL server, from the programs installed on this machine."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port

# Debian does not put the server's programs on the PATH.
_DEBIAN = Path("/usr/lib/postgresql")
# The data need not survive a crash.
_SPEED = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


@contextmanager
def postgres() -> Iterator[str]:
    """Yield the address of an empty database for SQLAlchemy; the server ends with the block."""
    as_other = _other_user()
    # Not in pytest's folder, which other users may not enter.
    with tempfile.TemporaryDirectory(prefix="pinion-postgres-") as parent:
        folder, port = Path(parent), free_port()
        if as_other:
            os.chown(folder, as_other["user"], as_other["group"])
        _make(folder / "data", as_other)
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [
                    *(_program("postgres"), "-D", folder / "data", "-k", folder, "-p", str(port)),
                    *(part for setting in _SPEED for part in ("-c", setting)),
                ],
                cwd="/",
                stdout=log,
                stderr=log,
                start_new_session=True,
                **as_other,
            )
        try:
            _wait(port, server, folder / "log")
            yield f"postgresql://tests@127.0.0.1:{port}/postgres"
        finally:
            # An immediate shutdown: there is nothing to keep.
            server.send_signal(signal.SIGQUIT)
            server.wait(30)


def _other_user() -> dict[str, Any]:
    """Return options to start a process as another user than root, as PostgreSQL demands."""
    if os.getuid() != 0:
        return {}
    names = [entry.pw_name for entry in pwd.getpwall()]
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _make(data: Path, as_other: dict[str, Any]) -> None:
    options = ["--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--username=tests"]
    made = subprocess.run(
        [_program("initdb"), *options, "-D", data],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        **as_other,
    )
    assert made.returncode == 0, made.stderr


def _program(name: str) -> str:
    """Return the path of a program: on the PATH, or of the newest version from Debian."""
    versions = sorted(_DEBIAN.glob("*/bin"), key=lambda path: float(path.parent.name))
    places = [os.environ.get("PATH", os.defpath), *map(str, reversed(versions))]
    if found := shutil.which(name, path=os.pathsep.join(places)):
        return found
    raise pytest.fail.Exception(
        f"PostgreSQL's {name} is neither on the PATH nor in {_DEBIAN}; install it (on Debian:"
        " apt-get install postgresql) and run the tests again",
        pytrace=False,
    )


def _wait(port: int, server: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):
        ready = subprocess.run(
            [_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)], check=False
        )
        if ready.returncode == 0:
            return
        assert server.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(f"PostgreSQL did not answer in time: {log.read_text()}")
