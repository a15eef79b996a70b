"""Download a URL in chunks."""

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import aiohttp
from fsspec.callbacks import Callback
from fsspec.exceptions import FSTimeoutError
from fsspec.implementations.http import HTTPFileSystem

from pinion_step.errors import StepError, reason
from pull_data.formats.table import Log
from pull_data.sources.source import WebSource
from pull_data.sources.transfer import (
    Patience,
    Room,
    connection_failure,
    is_passing,
    persist,
)

CHUNK_BYTES = 1 << 20
REDIRECTS = 5


def download(
    source: WebSource,
    target: Path,
    log: Log,
    patience: Patience | None = None,
    room: Room | None = None,
) -> None:
    """Write the body of a URL to `target`.

    Raises `StepError` if the server refuses, or still fails at the last try, or has more to give
    than there is room for.
    """
    # After our last line, asyncio would report the task that a stop signal leaves behind.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    patience = patience or Patience()
    room = room or Room.beside(source.name, target)
    fetch = partial(_fetch, source, target, patience, room)
    persist(fetch, _Web(patience), source.name, patience, log)


@dataclass
class _Web:
    """Web servers; no text of a library is shown that may repeat the secret part of a URL."""

    patience: Patience
    errors: tuple[type[Exception], ...] = (
        *(aiohttp.ClientError, FSTimeoutError),
        *(FileNotFoundError, ValueError),
    )

    def refusal(self, error: Exception) -> str:
        match error:
            case FileNotFoundError():
                return "the server answers 404, there is no such file; check the address"
            case aiohttp.TooManyRedirects():
                return f"the server redirects more than {REDIRECTS} times; check the address"
            case aiohttp.ClientResponseError(status=status) if status and not is_passing(status):
                hint = {401: ", it asks for a login", 403: ", access is denied"}.get(status, "")
                return f"the server answers {status}{hint}; check the address"
            case aiohttp.ClientSSLError():
                return f"the server's certificate is not trusted: {reason(error)}"
            case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | ValueError():
                return "not a URL that can be fetched; check the address"
        return ""

    def failure(self, error: Exception) -> str:
        if isinstance(error, aiohttp.ClientResponseError) and error.status:
            return f"the server answers {error.status}"
        return connection_failure(error, self.patience)


def _fetch(source: WebSource, target: Path, patience: Patience, room: Room) -> None:
    filesystem = HTTPFileSystem(
        client_kwargs={
            "timeout": aiohttp.ClientTimeout(
                total=None, sock_connect=patience.connect, sock_read=patience.silence
            ),
            # The hash is that of the file on the server, so the transfer must not repack it.
            "auto_decompress": False,
            "headers": {"Accept-Encoding": "identity", "User-Agent": "pinion-pull-data"},
            # The environment names proxies, as for curl and pip.
            "trust_env": True,
            "trace_configs": [_redirects(source)],
        },
        # It counts those that it has followed, and fails at this one.
        max_redirects=REDIRECTS + 1,
        # A signed URL must go out as it was given; only what is no URL yet is encoded.
        encoded=source.url.isascii() and " " not in source.url,
        skip_instance_cache=True,
    )
    filesystem.get_file(source.url, str(target), chunk_size=CHUNK_BYTES, callback=_bound(room))


def _bound(room: Room) -> Callback:
    """Return what fsspec calls with the size first, and with the bytes so far after each chunk."""
    return Callback(hooks={"room": lambda size, done, **_: room.hold(max(size or 0, done))})


def _redirects(source: WebSource) -> aiohttp.TraceConfig:
    """Return what looks at each redirect before it is followed."""

    async def hold(
        _session: aiohttp.ClientSession, _context: object, told: aiohttp.TraceRequestRedirectParams
    ) -> None:
        leads = urljoin(str(told.url), told.response.headers.get("Location", ""))
        if told.url.scheme == "https" and urlsplit(leads).scheme == "http":
            raise StepError(
                f"{source.name}: the server redirects from https:// to http://, which is not"
                " secure; check the address"
            )

    redirects = aiohttp.TraceConfig()
    redirects.on_request_redirect.append(hold)
    return redirects
