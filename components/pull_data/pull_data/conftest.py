"""What the tests of this component share: the step as a user calls it, and stores of objects."""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.loaders
import botocore.session
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pinion_step.sources import transfer
from pull_data.__main__ import main


@dataclass(frozen=True)
class Outcome:
    """What a call of the step left: its exit code, its output, and the folder of the dataset."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def table(self) -> pa.Table:
        return pq.read_table(self.folder / "dataset")

    def assert_failed(self, *words: str, code: int = 1) -> None:
        """Assert one last line with all the words, and that nothing was left behind."""
        last = self.err.splitlines()[-1]
        assert self.code == code
        assert self.out == ""
        assert last.startswith("pull_data: error: ")
        assert [word for word in words if word not in last] == []
        assert "Traceback" not in self.err
        assert not self.folder.exists() or list(self.folder.iterdir()) == []


Pull = Callable[..., Outcome]


@pytest.fixture()
def pull(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Pull:
    """Call the step on a source, or without one; flags may follow."""

    def call(source: object, *flags: str) -> Outcome:
        folder = tmp_path / "out"
        given = [] if source is None else ["--source", str(source)]
        code = main([*given, "--dataset", str(folder / "dataset"), *flags])
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err, folder)

    return call


@pytest.fixture()
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds that the step would have waited between its attempts."""
    seconds: list[float] = []
    monkeypatch.setattr(transfer, "sleep", seconds.append)
    return seconds


# `make test` says which Python has the servers; Pants lays them beside the sources as a package.
_PYTHON = os.environ.get("PINION_OBJECT_STORES")
_PACKAGE = Path(__file__).parents[3] / "build-support.object_stores/object_stores.pex/__main__.py"
_STORES = [_PYTHON] if _PYTHON else [sys.executable, str(_PACKAGE)]


@pytest.fixture(scope="session")
def s3_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve S3, which takes any credentials until a test says otherwise."""
    port = _free_port()
    with _serving(tmp_path_factory.mktemp("s3"), port, "moto.server", "--port", str(port)):
        yield port


@pytest.fixture(scope="session")
def gs_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve Google Cloud Storage, with the bucket `tables`."""
    port = _free_port()
    flags = ["start", "--in-memory", "--host", "127.0.0.1", "--default-bucket", "tables"]
    command = ["gcp_storage_emulator", *flags, "--port", str(port)]
    with _serving(tmp_path_factory.mktemp("gs"), port, *command):
        yield port


@contextmanager
def _serving(folder: Path, port: int, *command: str) -> Iterator[None]:
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_STORES, "-m", *command],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "PEX_ROOT": str(folder / "pex")},
            stdout=output,
            stderr=output,
        )
    try:
        _wait(port, process, log)
        yield
    finally:
        process.terminate()
        process.wait(60)


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)  # noqa: S310
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"port {port} never answered: {log.read_text()}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


SECRET = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY"  # noqa: S105 - the one of AWS's examples
Act = Callable[["Passage"], None]


class Gate(ThreadingHTTPServer):
    """Stands before a store, and does what a test says at each read of an object, and listing."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Passage)
        self.store_port = port
        self.acts: list[Act] = []
        self.at_listings: list[Act] = []
        self.headers: list[dict[str, str]] = []

    def handle_error(self, *_request: object) -> None:
        """Keep quiet: clients hang up where they have no more need of an answer."""


class Passage(BaseHTTPRequestHandler):
    server: Gate

    def do_GET(self) -> None:  # noqa: N802  # the name is http.server's
        self.server.headers.append(dict(self.headers))
        path, _, query = self.path.partition("?")
        acts: list[Act] = []
        if "Range" in self.headers:
            acts = self.server.acts
        elif "list-type=2" in query or path.endswith("/o"):
            acts = self.server.at_listings
        act = acts.pop(0) if acts else relay
        act(self)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_arguments: object) -> None:
        """Keep stderr for what the step says."""


def relay(passage: Passage, cut: int = 0) -> None:
    """Pass on the store's answer, without its last bytes."""
    store = http.client.HTTPConnection("127.0.0.1", passage.server.store_port)
    store.request(passage.command, passage.path, headers=dict(passage.headers))
    answer = store.getresponse()
    passage.send_response(answer.status)
    for name, value in answer.getheaders():
        if name.lower() not in ("transfer-encoding", "connection", "server", "date"):
            passage.send_header(name, value)
    passage.end_headers()
    body = answer.read()
    passage.wfile.write(body[: len(body) - cut])


def stall(passage: Passage) -> None:
    passage.rfile.read(1)


def fail(passage: Passage) -> None:
    passage.send_error(503)


@dataclass(frozen=True)
class Store:
    """One of the stores, behind a gate that the environment names."""

    scheme: str
    gate: Gate
    put: Callable[[str, bytes], object]
    delete: Callable[[str], object]

    def url(self, key: str) -> str:
        return f"{self.scheme}://tables/{key}"


@pytest.fixture()
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave out whatever store the one who starts the tests uses."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "GOOGLE_", "STORAGE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def _one_loader() -> Iterator[None]:
    """Parse the descriptions of AWS's services once, not for each test: most of its time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", cache(botocore.loaders.create_loader))
        yield


@pytest.fixture(scope="session")
def s3_client(s3_port: int, _one_loader: None) -> Any:
    """Return a client for the bucket `tables`; it takes half a second to make."""
    client = aws(s3_port, "s3")
    client.create_bucket(Bucket="tables")
    return client


@pytest.fixture()
def s3(
    s3_port: int, s3_client: Any, monkeypatch: pytest.MonkeyPatch, _clean_environment: None
) -> Iterator[Store]:
    with opened(Gate(s3_port)) as gate:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address(gate.server_port))
        use_keys(monkeypatch, "id", SECRET)
        put, delete = (partial(act, s3_client) for act in (put_in_s3, delete_in_s3))
        yield Store("s3", gate, put, delete)


@pytest.fixture()
def gs(gs_port: int, monkeypatch: pytest.MonkeyPatch, _clean_environment: None) -> Iterator[Store]:
    with opened(Gate(gs_port)) as gate:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address(gate.server_port))
        yield Store("gs", gate, partial(put_in_gs, gs_port), partial(delete_in_gs, gs_port))


@pytest.fixture(params=["s3", "gs"])
def store(request: pytest.FixtureRequest) -> Store:
    store: Store = request.getfixturevalue(request.param)
    return store


@contextmanager
def opened(gate: Gate) -> Iterator[Gate]:
    with gate:
        # Looks often whether it is to stop, which each test waits for.
        threading.Thread(target=gate.serve_forever, args=(0.01,), daemon=True).start()
        yield gate
        gate.shutdown()


def address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def aws(port: int, service: str) -> Any:
    return botocore.session.Session().create_client(
        service,
        region_name="us-east-1",
        endpoint_url=address(port),
        aws_access_key_id="id",
        aws_secret_access_key="none",  # noqa: S106
    )


def put_in_s3(client: Any, key: str, body: bytes) -> None:
    client.put_object(Bucket="tables", Key=key, Body=body)


def delete_in_s3(client: Any, key: str) -> None:
    client.delete_object(Bucket="tables", Key=key)


def put_in_gs(port: int, key: str, body: bytes) -> None:
    query = urllib.parse.urlencode({"uploadType": "media", "name": key})
    # Its server fails at an empty body.
    post(port, f"/upload/storage/v1/b/tables/o?{query}", body or b" ")


def delete_in_gs(port: int, key: str) -> None:
    path = f"/storage/v1/b/tables/o/{urllib.parse.quote(key, safe='')}"
    request = urllib.request.Request(address(port) + path, method="DELETE")  # noqa: S310
    urllib.request.urlopen(request)  # noqa: S310


def post(port: int, path: str, body: bytes) -> None:
    request = urllib.request.Request(  # noqa: S310  # our own server's address
        address(port) + path, body, {"Content-Type": "text/plain"}
    )
    urllib.request.urlopen(request)  # noqa: S310


def use_keys(monkeypatch: pytest.MonkeyPatch, key: str, secret: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
