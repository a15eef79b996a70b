from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from train.conftest import Step, customers
from train.errors import TrainError, WrongCallError
from train.tracking.store import (
    artifact_location,
    hide_password,
    prepare_store,
    resolve_tracking_uri,
)


@pytest.mark.parametrize(
    ("given", "environment", "uri"),
    [
        pytest.param("sqlite:////a b/ü.db", "http://other", "sqlite:////a b/ü.db", id="flag-first"),
        pytest.param("", "http://host:5000/", "http://host:5000", id="environment"),
        pytest.param(" ", "https://user:pw@host/mlflow", "https://user:pw@host/mlflow", id="path"),
        pytest.param("sqlite:///x.db?timeout=9", "", "sqlite:///HERE/x.db?timeout=9", id="query"),
        pytest.param("", "", "sqlite:///HERE/mlflow.db", id="default-of-mlflow"),
    ],
)
def test_the_address_is_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, environment: str, uri: str
) -> None:
    monkeypatch.chdir(tmp_path)
    resolved = resolve_tracking_uri(given, {"MLFLOW_TRACKING_URI": environment})
    assert resolved == uri.replace("HERE", str(tmp_path))


@pytest.mark.parametrize(
    "uri",
    [
        *["sqlite://", "sqlite:///", "sqlite:///:memory:", "http://", "http://[x", "runs"],
        "postgresql://h/d",
    ],
)
def test_another_kind_of_store_is_a_wrong_call(uri: str) -> None:
    with pytest.raises(WrongCallError, match="neither sqlite:///FILE nor http"):
        resolve_tracking_uri(uri, {})


def test_artifacts_are_beside_an_sqlite_file_and_a_servers_own_affair() -> None:
    assert artifact_location("sqlite:////a b/x.db?y=1") == "file:///a%20b/artifacts"
    assert artifact_location("http://host") is None


def test_a_password_is_not_repeated() -> None:
    assert hide_password("at http://u:p@h: no", "http://u:p@h") == "at http://h: no"
    assert hide_password("mail a@b", "http://h") == "mail a@b"
    assert hide_password("no http://p@w@[x", "http://p@w@[x") == "no http://[x"
    with pytest.raises(WrongCallError, match="uri 'postgresql://host/db' is neither"):
        resolve_tracking_uri("postgresql://me:s3cret@host/db", {})


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        pytest.param(lambda path: path.mkdir(), "is a folder", id="folder"),
        pytest.param(lambda path: path.write_text("hello" * 99), "not a database", id="text"),
        pytest.param(
            lambda path: sqlite3.connect(path).execute("CREATE TABLE mine (x)").connection.close(),
            "not a store of MLflow",
            id="another-database",
        ),
    ],
)
def test_a_store_that_cannot_be_used_fails_at_once(
    step: Step, capsys: pytest.CaptureFixture[str], make: object, complaint: str
) -> None:
    step.write(customers(), "price")
    store = step.folder / "store.db"
    assert callable(make)
    make(store)
    started = time.monotonic()

    assert step.run("--mlflow-tracking-uri", f"sqlite:///{store}") == 1

    assert time.monotonic() - started < 20
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert str(store) in error
    assert complaint in error
    assert step.left_behind() == []


def test_a_store_below_a_file_fails_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TrainError, match="file/x.db cannot be opened: "):
        prepare_store(f"sqlite:///{tmp_path}/file/x.db")


def test_a_host_that_cannot_be_one_is_named() -> None:
    with pytest.raises(TrainError, match=r"MLflow server http://a..b cannot be reached \("):
        prepare_store("http://a..b")


def test_a_store_that_another_process_has_locked_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.tracking.store.ANSWER_SECONDS", 0.3)
    store = tmp_path / "mlflow.db"
    prepare_store(f"sqlite:///{store}")
    with sqlite3.connect(store) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TrainError, match=f"{store} cannot be opened: database is locked"):
            prepare_store(f"sqlite:///{store}")


def test_several_processes_make_one_store_together(tmp_path: Path) -> None:
    store = tmp_path / "new" / "mlflow.db"
    code = f"from train.tracking.store import prepare_store; prepare_store('sqlite:///{store}')"
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


@contextmanager
def server(status: int, body: bytes = b"no", health: int = 200) -> Iterator[str]:
    """Serve every MLflow call with one answer; `health` 0 takes the connection and says nothing."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
            is_health = self.path.startswith("/health")
            if is_health and not health:
                time.sleep(2)
                return
            self.send_response(health if is_health else status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    try:
        yield f"http://me:secret@127.0.0.1:{listener.server_port}"
    finally:
        listener.shutdown()
        listener.server_close()


DENIED = json.dumps({"error_code": "PERMISSION_DENIED", "message": "Permission denied"}).encode()


@pytest.mark.parametrize(
    ("status", "body", "health", "complaint"),
    [
        pytest.param(401, b"who?", 401, "does not know you; set MLFLOW_TRACKING_", id="unknown"),
        pytest.param(403, DENIED, 200, "does not allow this", id="forbidden"),
        pytest.param(503, b"", 503, "too many 503 error responses", id="overloaded"),
        pytest.param(200, b"<html>", 200, "not in a valid JSON format", id="another-server"),
        pytest.param(200, b"", 0, "does not answer within 1 s", id="stalled"),
    ],
)
def test_a_server_that_will_not_serve_fails_in_one_line_without_the_password(
    step: Step,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    body: bytes,
    health: int,
    complaint: str,
) -> None:
    # Enough for a server on this machine that answers at all.
    monkeypatch.setattr("train.tracking.store.ANSWER_SECONDS", 1 if not health else 5)
    step.write(customers(), "price")
    started = time.monotonic()
    with server(status, body, health) as uri:
        assert step.run("--mlflow-tracking-uri", uri) == 1
    assert time.monotonic() - started < 20
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert complaint in error
    assert "127.0.0.1" in error
    assert "secret" not in error


def test_a_port_that_nobody_listens_on_fails_at_once(
    step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    step.write(customers(), "price")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        uri = f"http://127.0.0.1:{taken.getsockname()[1]}"
        started = time.monotonic()
        assert step.run("--mlflow-tracking-uri", uri) == 1
    assert time.monotonic() - started < 20
    error = capsys.readouterr().err
    assert f"the MLflow server {uri} cannot be reached" in error
    assert "Connection refused" in error
