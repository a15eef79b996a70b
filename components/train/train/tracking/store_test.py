from __future__ import annotations

import socket
import sqlite3
import time

import pytest

from train.conftest import Step, customers


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        pytest.param(lambda path: path.mkdir(), "is a folder", id="folder"),
        pytest.param(lambda path: path.write_text("hello" * 99), "not a database", id="text"),
        pytest.param(
            lambda path: sqlite3.connect(path).execute("CREATE TABLE mine (x)").connection.close(),
            "is not an MLflow store",
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
    assert f"MLflow at {uri} cannot be reached" in error
    assert "Connection refused" in error
