"""What all reading from servers shares: patience with them, and requests that are repeated."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING, Protocol, TypeVar

from pinion_step.errors import StepError

if TYPE_CHECKING:
    from aiohttp import ClientConnectorError

# Takes a line for the log of the step.
Log = Callable[[str], None]
Result = TypeVar("Result")

# Refusals that hold for a moment only: too slow a request, too many of them.
PASSING = (408, 429)
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


class Server(Protocol):
    """What the errors of one kind of server mean."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What its library raises, in which nothing of this machine's disk has a part."""

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
    import aiohttp
    from fsspec.exceptions import FSTimeoutError

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


def _no_connection(error: "ClientConnectorError") -> str:
    if isinstance(error.os_error, socket.gaierror):
        return f"the host {error.host!r} is unknown"
    number = error.os_error.errno
    why = os.strerror(number) if number else type(error.os_error).__name__
    return f"cannot connect to {error.host}:{error.port} ({why})"
