"""A proxy that does to single requests what bad networks do."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Fault(Enum):
    """What happens to a request, its answer or its connection."""

    NONE = auto()
    # The connection is closed before the server gets the request.
    DROP = auto()
    # The answer is lost after the server has done the work.
    LOSE = auto()
    # The connection is closed while the body is being sent.
    CUT = auto()
    # No answer, for longer than anybody waits.
    SILENCE = auto()
    # The answer comes in pieces, with pauses between them.
    SLOW = auto()
    ERROR_500 = auto()
    UNAVAILABLE = auto()
    UNAUTHORIZED = auto()


@dataclass(frozen=True)
class Request:
    """A request; `number` counts all requests from 1."""

    number: int
    method: str
    path: str
    headers: dict[str, str]


Judge = Callable[[Request], Fault]


@dataclass
class Proxy:
    """The address of the proxy, the requests that it got, and what happens to the next one."""

    address: str = ""
    judge: Judge = lambda _request: Fault.NONE
    seen: list[Request] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, method: str, path: str, headers: dict[str, str]) -> Fault:
        """Record a request, and return what happens to it."""
        with self.lock:
            request = Request(len(self.seen) + 1, method, path, headers)
            self.seen.append(request)
            return self.judge(request)


@contextmanager
def proxy(target: str) -> Iterator[Proxy]:
    """Yield a proxy that passes everything on until its `judge` is set."""
    state = Proxy()
    handler = type("Handler", (_Handler,), {"state": state, "target": urlsplit(target).netloc})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    state.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    try:
        yield state
    finally:
        state.ended.set()
        server.shutdown()
        server.server_close()


_PIECES = 8  # of a slow answer
_STATUS = {Fault.ERROR_500: 500, Fault.UNAVAILABLE: 503, Fault.UNAUTHORIZED: 401}


class _Handler(BaseHTTPRequestHandler):
    state: Proxy
    target: str
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        self.close_connection = True
        fault = self.state.note(self.command, self.path, dict(self.headers))
        length = int(self.headers.get("Content-Length", 0))
        if fault in (Fault.DROP, Fault.SILENCE):
            self.state.ended.wait(120 if fault is Fault.SILENCE else 0)
            return
        if fault is Fault.CUT:
            self.rfile.read(length // 2)
            return
        body = self.rfile.read(length)
        if fault in _STATUS:
            self._answer(_STATUS[fault], {"Retry-After": "600"}, b"not now")
            return
        status, headers, answer = self._pass_on(body)
        if fault is not Fault.LOSE:
            self._answer(status, headers, answer, pause=0.2 if fault is Fault.SLOW else 0)

    def _pass_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.target, timeout=60)
        try:
            kept = {key: text for key, text in self.headers.items() if key.lower() != "host"}
            connection.request(self.command, self.path, body, {**kept, "Connection": "close"})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        except OSError as error:
            return 502, {}, str(error).encode()
        finally:
            connection.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes, pause: float = 0) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        size = max(1, len(body) // _PIECES if pause else len(body))
        # The client may not wait for all of it.
        with suppress(ConnectionError):
            self.end_headers()
            for start in range(0, len(body), size):
                self.state.ended.wait(pause)
                self.wfile.write(body[start : start + size])

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""
