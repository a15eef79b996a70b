import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pinion_step.errors import StepError
from pinion_step.mlflow import answers, connect
from pinion_step.store import check_store, prepare_store

Serve = Callable[..., str]
DENIED = json.dumps({"error_code": "PERMISSION_DENIED", "message": "Permission denied"})
MISSING = json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Run r1 not found"})


def ask(uri: str) -> None:
    """Do what a step does first: check the store, and ask it for a run."""
    check_store(uri)
    client = connect(uri)
    with answers(uri, "the run r1 of the model"):
        client.get_run("r1")


def _text_file(path: Path) -> None:
    path.write_text("not a database, " * 100)


def _database_of_another(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE songs (title TEXT)")


@pytest.mark.parametrize(
    ("prepare", "complaint"),
    [
        pytest.param(lambda path: None, "there is no MLflow store", id="missing"),
        pytest.param(Path.mkdir, "is a folder; name a file in it", id="a folder"),
        pytest.param(_text_file, "file is not a database", id="a text file"),
        pytest.param(Path.touch, "is not an MLflow store", id="an empty file"),
        pytest.param(_database_of_another, "is not an MLflow store", id="another's database"),
    ],
)
def test_an_sqlite_file_that_is_no_store_is_refused_and_left_alone(
    tmp_path: Path, prepare: Callable[[Path], None], complaint: str
) -> None:
    path = tmp_path / "mlflow.db"
    prepare(path)
    before = path.read_bytes() if path.is_file() else None
    start = time.monotonic()

    with pytest.raises(StepError, match=complaint):
        ask(f"sqlite:///{path}")

    assert time.monotonic() - start < 10
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_store_below_a_file_fails_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StepError, match=r"file/x.db cannot be opened: .*/file: "):
        prepare_store(f"sqlite:///{tmp_path}/file/x.db")


def test_a_store_that_another_process_has_locked_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pinion_step.store.BUSY_SECONDS", 0.3)
    store = tmp_path / "mlflow.db"
    prepare_store(f"sqlite:///{store}")
    with closing(sqlite3.connect(store)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StepError, match=f"{store} cannot be opened: database is locked"):
            prepare_store(f"sqlite:///{store}")
        with pytest.raises(StepError, match=f"{store} cannot be opened: database is locked"):
            check_store(f"sqlite:///{store}")


def test_several_processes_make_one_store_together(tmp_path: Path) -> None:
    store = tmp_path / "new" / "mlflow.db"
    code = f"from pinion_step.store import prepare_store; prepare_store('sqlite:///{store}')"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    assert [process.communicate()[1] for process in processes] == [""] * 4
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(path.name for path in store.parent.iterdir()) == [".mlflow.lock", "mlflow.db"]


def test_a_store_has_its_artifacts_beside_it_whatever_a_killed_process_left(
    tmp_path: Path,
) -> None:
    (tmp_path / ".mlflow.db.new").write_text("half")
    (tmp_path / ".mlflow.db.new-journal").write_text("a quarter")
    prepare_store(f"sqlite:///{tmp_path}/mlflow.db")
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        (row,) = database.execute("SELECT name, artifact_location FROM experiments").fetchall()
    assert row == ("Default", f"{(tmp_path / 'artifacts').as_uri()}/0")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".mlflow.lock", "mlflow.db"]


@pytest.fixture()
def serve() -> Iterator[Serve]:
    """Start a web server on this machine that gives one answer to everything but `/health`."""
    servers = []

    def start(status: int, body: str, health: int | None = None) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
                asked = health if self.path.startswith("/health") else None
                self.send_response(status if asked is None else asked)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        servers.append(server)
        return f"http://user:secret@127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "health", "complaint"),
    [
        pytest.param(401, "who?", None, r"does not know you \(401\); set MLFLOW_", id="401"),
        pytest.param(403, "Bad\nHost", None, r"refuses access \(403\).*Bad Host", id="403"),
        pytest.param(403, DENIED, 200, r"refuses access \(403\); ask for the", id="forbidden"),
        pytest.param(
            404, MISSING, 200, "does not have the run r1 of the model; give", id="no such run"
        ),
        pytest.param(200, "<html>A shop</html>", 200, "not in a valid JSON", id="no MLflow"),
        pytest.param(503, "later", None, "cannot be reached; .*503", id="down behind a proxy"),
    ],
)
def test_what_a_server_answers_is_told_without_the_password(
    serve: Serve, status: int, body: str, health: int | None, complaint: str
) -> None:
    with pytest.raises(StepError, match=complaint) as refused:
        ask(serve(status, body, health))

    assert "secret" not in str(refused.value)
    assert "127.0.0.1" in str(refused.value)


def test_a_server_that_is_not_there_fails_soon() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        uri = f"http://127.0.0.1:{taken.getsockname()[1]}"
        start = time.monotonic()

        complaint = f"MLflow at {uri} cannot be reached; .*Connection refused"
        with pytest.raises(StepError, match=complaint):
            ask(uri)

        assert time.monotonic() - start < 15


def test_a_connection_that_is_lost_once_is_made_again() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            server.accept()[0].close()
            with server.accept()[0] as connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        check_store(f"http://127.0.0.1:{server.getsockname()[1]}")
        thread.join()


def test_a_host_that_cannot_be_one_is_named() -> None:
    with pytest.raises(StepError, match=r"MLflow at http://a..b cannot be reached; .* \("):
        prepare_store("http://a..b")


def test_a_server_that_never_answers_fails_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pinion_step.store.ANSWER_SECONDS", 1.0)
    start = time.monotonic()

    with (
        closing(socket.create_server(("127.0.0.1", 0))) as silent,
        pytest.raises(StepError, match="does not answer within 1 s"),
    ):
        ask(f"http://127.0.0.1:{silent.getsockname()[1]}")

    assert 1 < time.monotonic() - start < 8


def test_the_users_patience_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    start = time.monotonic()

    with (
        closing(socket.create_server(("127.0.0.1", 0))) as silent,
        pytest.raises(StepError, match="does not answer within 1 s"),
    ):
        ask(f"http://127.0.0.1:{silent.getsockname()[1]}")

    assert time.monotonic() - start < 4
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "1"
