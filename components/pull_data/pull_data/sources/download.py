"""Download a URL in chunks."""

import hashlib
import logging
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NoReturn
from urllib.parse import urljoin, urlsplit

import aiohttp
from fsspec.callbacks import Callback
from fsspec.exceptions import FSTimeoutError
from fsspec.implementations.http import HTTPFileSystem

from pinion_step.errors import StepError, reason
from pull_data.sources.disk_space import Room
from pull_data.sources.retry import (
    Log,
    Patience,
    TransientError,
    connection_failure,
    is_passing,
    persist,
)
from pull_data.sources.source import WebSource

CHUNK_BYTES = 1 << 20
REDIRECTS = 5


class _HashingFile:
    """The part of a binary file that fsspec writes to, which hashes what it is given."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()
        self.read, self.close, self.tell = file.read, file.close, file.tell

    def write(self, chunk: bytes) -> int:
        self.sha256.update(chunk)
        return self._file.write(chunk)


class _Bound(Callback):
    """What fsspec tells of the size before, and of each chunk after it was written."""

    def __init__(self, room: Room) -> None:
        super().__init__()
        self._room = room

    def set_size(self, size: int | None) -> None:
        self._room.hold(size or 0)

    def relative_update(self, inc: int = 1) -> None:
        super().relative_update(inc)
        self._room.hold(self.value)


def download(
    source: WebSource,
    target: Path,
    log: Log,
    patience: Patience | None = None,
    room: Room | None = None,
) -> str:
    """Write the body of a URL to `target` and return its SHA-256 in hexadecimal.

    Raises StepError when the server refuses, or still fails at the last try, or has more to
    give than there is room for.
    """
    # asyncio would tell of the task that a stop signal leaves behind, after our last line.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    patience = patience or Patience()
    return persist(partial(_fetch, source, target, patience, room), source.name, patience, log)


def _fetch(source: WebSource, target: Path, patience: Patience, room: Room | None) -> str:
    filesystem = HTTPFileSystem(
        client_kwargs={**_client_options(patience), "trace_configs": [_redirects(source)]},
        # It counts those that it has followed, and fails at this one.
        max_redirects=REDIRECTS + 1,
        # A signed URL must go out as it was given; only what is no URL yet is encoded.
        encoded=source.url.isascii() and " " not in source.url,
        skip_instance_cache=True,
    )
    with target.open("wb") as file:
        hashing = _HashingFile(file)
        bound = _Bound(room or Room.beside(source.name, target))
        try:
            filesystem.get_file(source.url, hashing, chunk_size=CHUNK_BYTES, callback=bound)
        except FSTimeoutError as error:
            # fsspec hides which timeout it was behind its own.
            _raise_plain(source, patience, error.__cause__ or error)
        except (aiohttp.ClientError, FileNotFoundError, ValueError) as error:
            _raise_plain(source, patience, error)
        return hashing.sha256.hexdigest()


def _client_options(patience: Patience) -> dict[str, Any]:
    return {
        "timeout": aiohttp.ClientTimeout(
            total=None, sock_connect=patience.connect, sock_read=patience.silence
        ),
        # The hash is that of the file on the server, so the transfer must not repack it.
        "auto_decompress": False,
        "headers": {"Accept-Encoding": "identity", "User-Agent": "pinion-pull-data"},
        # Proxies are given by the environment, as curl and pip have it.
        "trust_env": True,
    }


def _redirects(source: WebSource) -> aiohttp.TraceConfig:
    """Return what looks at each redirect before it is followed."""

    async def hold(
        _session: aiohttp.ClientSession, _context: object, told: aiohttp.TraceRequestRedirectParams
    ) -> None:
        leads = urljoin(str(told.url), told.response.headers.get("Location", ""))
        if told.url.scheme == "https" and urlsplit(leads).scheme == "http":
            raise StepError(
                f"{source.name}: the server leads from https:// to http://, where anybody can"
                " change what comes; check the address"
            )

    redirects = aiohttp.TraceConfig()
    redirects.on_request_redirect.append(hold)
    return redirects


def _raise_plain(source: WebSource, patience: Patience, error: BaseException) -> NoReturn:
    """Raise `error` in plain words; a library's own text may repeat the secret part of the URL."""
    refusal = _refusal(error)
    if refusal:
        raise StepError(f"{source.name}: {refusal}") from None
    raise TransientError(_failure(error, patience)) from None


def _refusal(error: BaseException) -> str:
    """Return what no further try can mend, or nothing."""
    match error:
        case FileNotFoundError():
            return "the server answers 404, there is no such file; check the address"
        case aiohttp.TooManyRedirects():
            return f"the server leads on more than {REDIRECTS} times; check the address"
        case aiohttp.ClientResponseError(status=status) if status and not is_passing(status):
            hint = {401: ", it wants a login", 403: ", access is denied"}.get(status, "")
            return f"the server answers {status}{hint}; check the address"
        case aiohttp.ClientSSLError():
            return f"the server's certificate is not trusted: {reason(error)}"
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | ValueError():
            return "not a URL that can be fetched; check the address"
    return ""


def _failure(error: BaseException, patience: Patience) -> str:
    if isinstance(error, aiohttp.ClientResponseError) and error.status:
        return f"the server answers {error.status}"
    return connection_failure(error, patience)
