"""Read a file from a web server in chunks. aiohttp and fsspec are imported when they are called."""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property, partial
from typing import IO, TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from pinion_step.errors import StepError, reason
from pinion_step.sources.source import WebSource
from pinion_step.sources.transfer import Log, Patience, connection_failure, is_passing, persist

if TYPE_CHECKING:
    from aiohttp import ClientSession, TraceConfig, TraceRequestEndParams
    from aiohttp import TraceRequestRedirectParams as Redirect
    from fsspec.implementations.http import HTTPFileSystem

CHUNK_BYTES = 1 << 20
REDIRECTS = 5
# Opens, for each try, the file that the bytes are written to.
Sink = Callable[[], AbstractContextManager[IO[bytes]]]
# Takes the headers of the answer that has the bytes, before they are read.
Look = Callable[[Mapping[str, str]], None]
# Takes a number of bytes: first what the server says that there are, then those that have come.
Hold = Callable[[int], None]


def read_web(
    source: WebSource,
    sink: Sink,
    log: Log,
    patience: Patience,
    look: Look = lambda _: None,
    hold: Hold = lambda _: None,
) -> None:
    """Write the body of a URL to what `sink` opens.

    Raises `StepError` if the server refuses, or still fails at the last try, and whatever `look`
    and `hold` raise.
    """
    # After our last line, asyncio would report the task that a stop signal leaves behind.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    attempt = partial(_read, source, sink, patience, look, hold)
    persist(attempt, _Web(patience), source.name, patience, log)


class _Web:
    """Web servers; no text of a library is shown that may repeat the secret part of a URL."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience

    @cached_property
    def errors(self) -> tuple[type[Exception], ...]:
        from aiohttp import ClientError
        from fsspec.exceptions import FSTimeoutError

        return (ClientError, FSTimeoutError, FileNotFoundError, ValueError)

    def refusal(self, error: Exception) -> str:
        import aiohttp

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
        from aiohttp import ClientResponseError

        if isinstance(error, ClientResponseError) and error.status:
            return f"the server answers {error.status}"
        return connection_failure(error, self._patience)


def _read(source: WebSource, sink: Sink, patience: Patience, look: Look, hold: Hold) -> None:
    from fsspec.callbacks import Callback

    filesystem = _filesystem(source, patience, look)
    # fsspec calls it with the size first, and with the bytes so far after each chunk.
    callback = Callback(hooks={"size": lambda size, done, **_: hold(max(size or 0, done))})
    with sink() as file:
        filesystem.get_file(source.url, file, chunk_size=CHUNK_BYTES, callback=callback)


def _filesystem(source: WebSource, patience: Patience, look: Look) -> "HTTPFileSystem":
    from aiohttp import ClientTimeout
    from fsspec.implementations.http import HTTPFileSystem

    return HTTPFileSystem(
        client_kwargs={
            "timeout": ClientTimeout(
                total=None, sock_connect=patience.connect, sock_read=patience.silence
            ),
            # The hash is that of the file on the server, so the transfer must not repack it.
            "auto_decompress": False,
            "headers": {"Accept-Encoding": "identity", "User-Agent": "pinion"},
            # The environment names proxies, as for curl and pip.
            "trust_env": True,
            "trace_configs": [_answers(source, look)],
        },
        # It counts those that it has followed, and fails at this one.
        max_redirects=REDIRECTS + 1,
        # A signed URL must go out as it was given; only what is no URL yet is encoded.
        encoded=source.url.isascii() and " " not in source.url,
        skip_instance_cache=True,
    )


def _answers(source: WebSource, look: Look) -> "TraceConfig":
    """Return what looks at each redirect before it is followed, and at the answer after them."""
    from aiohttp import TraceConfig

    async def redirect(_session: "ClientSession", _context: object, told: "Redirect") -> None:
        leads = urljoin(str(told.url), told.response.headers.get("Location", ""))
        if told.url.scheme == "https" and urlsplit(leads).scheme == "http":
            raise StepError(
                f"{source.name}: the server redirects from https:// to http://, which is not"
                " secure; check the address"
            )

    async def answer(
        _session: "ClientSession", _context: object, told: "TraceRequestEndParams"
    ) -> None:
        if told.response.ok:
            look(told.response.headers)

    traces = TraceConfig()
    traces.on_request_redirect.append(redirect)
    traces.on_request_end.append(answer)
    return traces
