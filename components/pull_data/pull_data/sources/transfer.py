"""What every download shares: patience with a server, repeated requests, and room on the disk."""

import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Protocol, TypeVar

import aiohttp
from fsspec.exceptions import FSTimeoutError

from pinion_step.errors import StepError
from pull_data.formats.table import Log

Result = TypeVar("Result")

# Refusals that hold for a moment only: too slow a request, too many of them.
PASSING = (408, 429)
# A source without an end is stopped before the disk is full; of a small disk a share stays free.
RESERVE_BYTES = 1 << 30
RESERVE_SHARE = 20
REPLACED = "the object was replaced or deleted while it was read; try again"


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds, and how often to try.

    Only silence is limited, not the whole download, since large tables take long.
    """

    tries: int = 3
    connect: float = 10.0
    silence: float = 30.0
    backoff: float = 1.0


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


class Server(Protocol):
    """What the errors of one kind of server mean."""

    # What its library raises, in which nothing of this machine's disk has a part.
    errors: tuple[type[Exception], ...]

    def refusal(self, error: Exception) -> str:
        """Return what no further try can mend, and what to do about it, or nothing."""

    def failure(self, error: Exception) -> str:
        """Return what another try may mend."""


def persist(
    attempt: Callable[[], Result],
    server: Server,
    name: str,
    patience: Patience,
    log: Log,
    gone: str = "",
) -> Result:
    """Return what `attempt` returns, trying again after a failure that may pass.

    `gone` replaces the refusal of a missing file. Raises `StepError` if no further try can help.
    """
    number = 1
    while True:
        try:
            return attempt()
        except server.errors as error:
            missing = gone if isinstance(error, FileNotFoundError) else ""
            if refusal := missing or server.refusal(error):
                raise StepError(f"{name}: {refusal}") from None
            failure = server.failure(error)
            if number >= patience.tries:
                raise StepError(
                    f"{name}: {failure}; gave up after {number} tries; check the address"
                    " and the network"
                ) from None
            pause = patience.backoff * 2 ** (number - 1)
            log(f"{name}: try {number} of {patience.tries}: {failure}; again in {pause:g} s")
        sleep(pause)
        number += 1


def is_passing(status: int) -> bool:
    """Return whether a server that answers with this status may recover in a moment."""
    return status in PASSING or status >= 500


def connection_failure(error: BaseException, patience: Patience) -> str:
    """Return how a connection failed, without the URL, which may hold a secret."""
    if isinstance(error, FSTimeoutError):
        # fsspec hides which timeout it was behind its own.
        error = error.__cause__ or error
    match error:
        case aiohttp.ClientConnectorError():
            return _no_connection(error)
        case aiohttp.ConnectionTimeoutError():
            return f"no connection within {patience.connect:g} s"
        case TimeoutError():
            return f"the server was silent for {patience.silence:g} s"
        case aiohttp.ClientPayloadError():
            return "the transfer broke off before its end"
    return f"the connection failed ({type(error).__name__})"


def _no_connection(error: aiohttp.ClientConnectorError) -> str:
    if isinstance(error.os_error, socket.gaierror):
        return f"the host {error.host!r} is unknown"
    number = error.os_error.errno
    why = os.strerror(number) if number else type(error.os_error).__name__
    return f"cannot connect to {error.host}:{error.port} ({why})"
