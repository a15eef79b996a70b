"""Find out which program listens on a port of this machine."""

import errno
import socket
from contextlib import suppress
from pathlib import Path

from pipelines.system.errors import PinionError

_LISTENING = "0A"


def refuse_taken(host: str, port: int) -> None:
    """Raise `PinionError` if a port cannot be listened on, naming the program that has it."""
    try:
        with socket.create_server((host, port)):
            return
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise PinionError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    raise PinionError(f"port {port} is in use by {holder(port)}; choose another with --port")


def holder(port: int) -> str:
    """Return the name of the program that listens on a port, if this user may see it."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    for process in Path("/proc").glob("[0-9]*"):
        # Processes of other users cannot be read, and some end meanwhile.
        with suppress(OSError):
            if any(str(each.readlink()) in sockets for each in (process / "fd").iterdir()):
                return f"{_name(process)} (process {process.name})"
    return "a program of another user"


def _inodes(port: int) -> set[str]:
    found = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (Path("/proc/net") / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    found.add(fields[9])
    return found


def _name(process: Path) -> str:
    """Return the first words of a command line: an interpreter's name alone says little."""
    words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    words = [Path(words[0]).name, *words[1:]]
    return " ".join(filter(None, words[:4])) or (process / "comm").read_text().strip()
