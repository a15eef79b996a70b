"""A local package index from which the real uv installs small packages."""

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass(frozen=True)
class Package:
    """A package of one module, at version 1.0."""

    name: str
    text: str = "ANSWER = 42\n"

    @property
    def file(self) -> str:
        """The file name of its wheel."""
        return f"{self.name}-1.0-py3-none-any.whl"

    @property
    def wheel(self) -> bytes:
        """The bytes of its wheel, the same each time."""
        info = f"{self.name}-1.0.dist-info"
        files = {
            f"{self.name}.py": self.text,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {self.name}\nVersion: 1.0\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{name},{_digest(text)},{len(text)}\n" for name, text in files.items())
        files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, text in files.items():
                archive.writestr(zipfile.ZipInfo(name), text)
        return buffer.getvalue()

    @property
    def lock(self) -> bytes:
        """A lock that asks for it alone."""
        return f"{self.name}==1.0 \\\n    --hash=sha256:{_sha256(self.wheel)}\n".encode()


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Index:
    """`with Index(packages) as index:` serves packages; `asked` lists the files that were fetched.

    The files in `held` are sent once `open` is set; `waiting` is set as soon as one is asked for.
    """

    packages: tuple[Package, ...]
    asked: list[str] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    open: threading.Event = field(default_factory=threading.Event)
    waiting: threading.Event = field(default_factory=threading.Event)

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment variables that make uv use this index."""
        return {"UV_DEFAULT_INDEX": f"http://127.0.0.1:{self._server.server_port}/simple"}

    def __enter__(self) -> "Index":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.open.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str) -> bytes | None:
        """Return the content of a path, or None if there is none."""
        for package in self.packages:
            if path == f"/simple/{package.name}/":
                address = f"/files/{package.file}#sha256={_sha256(package.wheel)}"
                return f'<a href="{address}">{package.file}</a>'.encode()
            if path == f"/files/{package.file}":
                self.asked.append(package.file)
                if package.file in self.held:
                    self.waiting.set()
                    self.open.wait()
                return package.wheel
        return None


def _handler(index: Index) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 (the name that http.server calls)
            content = index.answer(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, _format: str, *_arguments: object) -> None:
            return

    return Handler
