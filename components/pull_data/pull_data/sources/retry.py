"""How long a server is waited for, and how often it is asked again."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from time import sleep
from typing import TypeVar

import aiohttp

from pinion_step.errors import StepError

Log = Callable[[str], None]
Result = TypeVar("Result")

# Refusals that hold for a moment only: too slow a request, too many of them.
PASSING = (408, 429)
REPLACED = "the object was replaced or deleted while it was read; try again"


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds, and how often to try.

    There is no limit on the whole, since large tables take their time: only on silence.
    """

    tries: int = 3
    connect: float = 10.0
    silence: float = 30.0
    backoff: float = 1.0


class TransientError(Exception):
    """A failure that another try may mend."""


def persist(attempt: Callable[[], Result], name: str, patience: Patience, log: Log) -> Result:
    """Return what `attempt` returns, trying again where it raises TransientError.

    Raises StepError, which tells of `name`, when the last try fails too.
    """
    number = 1
    while True:
        try:
            return attempt()
        except TransientError as error:
            if number >= patience.tries:
                raise StepError(
                    f"{name}: {error}; gave up after {number} tries, check the address"
                    " and the network"
                ) from None
            pause = patience.backoff * 2 ** (number - 1)
            log(f"{name}: try {number} of {patience.tries}: {error}; again in {pause:g} s")
        sleep(pause)
        number += 1


def is_passing(status: int) -> bool:
    """Tell whether a server that answers so may answer otherwise in a moment."""
    return status in PASSING or status >= 500


def connection_failure(error: BaseException, patience: Patience) -> str:
    """Return how a connection failed, without the URL, which may hold a secret."""
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
