import os
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from register import tracking
from register.errors import RegisterError
from register.model import ModelFolder
from register.tracking import DEFAULT_TRACKING_URI, open_store, tracking_uri

Serve = Callable[[int, str], str]

MODEL = ModelFolder(model_id="m-1", run_id="r1")


def connect(uri: str) -> None:
    with open_store(uri, MODEL):
        pytest.fail("nothing was to be opened")


@pytest.mark.parametrize(
    ("given", "environ", "expected"),
    [
        pytest.param("http://a", {"MLFLOW_TRACKING_URI": "http://b"}, "http://a", id="the flag"),
        pytest.param("", {"MLFLOW_TRACKING_URI": "http://b"}, "http://b", id="the environment"),
        pytest.param("", {"MLFLOW_TRACKING_URI": ""}, DEFAULT_TRACKING_URI, id="neither"),
    ],
)
def test_where_mlflow_is(given: str, environ: dict[str, str], expected: str) -> None:
    assert tracking_uri(given, environ) == expected


def _text_file(path: Path) -> None:
    path.write_text("not a database, " * 100)


def _database_of_another(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE songs (title TEXT)")


@pytest.mark.parametrize(
    ("prepare", "complaint"),
    [
        pytest.param(lambda path: None, "there is no MLflow database", id="missing"),
        pytest.param(Path.mkdir, "there is no MLflow database", id="a folder"),
        pytest.param(_text_file, "file is not a database", id="a text file"),
        pytest.param(Path.touch, "is no MLflow database", id="an empty file"),
        pytest.param(_database_of_another, "is no MLflow database", id="another's database"),
    ],
)
def test_an_sqlite_file_that_is_no_store_is_refused_and_left_alone(
    tmp_path: Path, prepare: Callable[[Path], None], complaint: str
) -> None:
    path = tmp_path / "mlflow.db"
    prepare(path)
    before = path.read_bytes() if path.is_file() else None
    start = time.monotonic()

    with pytest.raises(RegisterError, match=complaint):
        connect(f"sqlite:///{path}")

    assert time.monotonic() - start < 10
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_database_that_stays_locked_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "_BUSY_SECONDS", 0.2)
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE runs (id TEXT)")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RegisterError, match="database is locked"):
            connect(f"sqlite:///{path}")


@pytest.fixture()
def serve() -> Iterator[Serve]:
    """Starts a web server on this machine that gives one answer to everything."""
    servers = []

    def start(status: int, body: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        servers.append(server)
        return f"http://user:secret@127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "complaint"),
    [
        pytest.param(401, "who?", r"does not know who asks \(401\); set MLFLOW_", id="401"),
        pytest.param(403, "Invalid\nHost", r"refuses access \(403\).*Invalid Host", id="403"),
        pytest.param(
            404,
            '{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Run r1 not found"}',
            "does not have the run r1 of the model; give the tracking URI",
            id="no such run",
        ),
        pytest.param(200, "<html>A shop</html>", "not in a valid JSON format", id="no MLflow"),
        pytest.param(503, "later", "cannot be reached", id="down behind a proxy"),
    ],
)
def test_what_a_server_answers_is_told(
    serve: Serve, status: int, body: str, complaint: str
) -> None:
    with pytest.raises(RegisterError, match=complaint) as refused:
        connect(serve(status, body))

    assert "secret" not in str(refused.value)


def test_a_server_that_is_not_there_fails_soon() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    start = time.monotonic()

    with pytest.raises(RegisterError, match="cannot be reached; is the server running there"):
        connect(f"http://127.0.0.1:{port}")

    assert time.monotonic() - start < 15


def test_a_server_that_never_answers_fails_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    patience = tracking._FIRST_CALL
    tries = 1 + int(patience["MLFLOW_HTTP_REQUEST_MAX_RETRIES"])
    assert tries * int(patience["MLFLOW_HTTP_REQUEST_TIMEOUT"]) == 10
    quick = {**patience, "MLFLOW_HTTP_REQUEST_TIMEOUT": "1"}
    monkeypatch.setattr(tracking, "_FIRST_CALL", quick)
    start = time.monotonic()

    with (
        closing(socket.create_server(("127.0.0.1", 0))) as silent,
        pytest.raises(RegisterError, match="cannot be reached"),
    ):
        connect(f"http://127.0.0.1:{silent.getsockname()[1]}")

    assert tries < time.monotonic() - start < tries + 8


def test_the_users_patience_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    start = time.monotonic()

    with (
        closing(socket.create_server(("127.0.0.1", 0))) as silent,
        pytest.raises(RegisterError, match="cannot be reached"),
    ):
        connect(f"http://127.0.0.1:{silent.getsockname()[1]}")

    assert time.monotonic() - start < 4
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "1"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        pytest.param("ftp://nowhere", "ftp://nowhere", id="an unknown scheme"),
        pytest.param("mlruns", "mlruns", id="a folder"),
        pytest.param("file:///mlruns", "file:///mlruns", id="a folder's URI"),
        pytest.param("sqlite://", "sqlite://", id="in memory"),
        pytest.param("sqlite:///:memory:", "sqlite:///:memory:", id="in memory by name"),
        pytest.param("http://", "http://", id="no host"),
        pytest.param("http://me:p@w@[x", "http://***@[x", id="an open bracket"),
        pytest.param("postgresql://me:pw@a/b", "postgresql://***@a/b", id="another database"),
    ],
)
def test_an_address_that_is_not_possible_is_a_wrong_call(uri: str, shown: str) -> None:
    with pytest.raises(RegisterError) as refused:
        connect(uri)

    assert str(refused.value) == (
        f"the MLflow tracking URI '{shown}' is not possible; give sqlite:///FILE or http(s)://HOST"
    )
    assert refused.value.exit_code == 2
