"""Real servers, of MLflow and of objects, each in the environment that its lock makes."""

import os
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.ports import free_port
from tests.programs import server
from tests.running import environment


@contextmanager
def serving(folder: Path, *arguments: str, port: int = 0, **settings: str) -> Iterator[str]:
    """The address of an MLflow server of some kind, once it answers; it ends with the block."""
    python = server("mlflow").python
    # What it serves models by is looked for on the PATH.
    settings["PATH"] = os.pathsep.join([str(python.parent), os.environ["PATH"]])
    command = [str(python), "-m", "mlflow", *arguments]
    with _running(folder, "/health", command, port=port, **settings) as address:
        yield address


@contextmanager
def tracking_server(
    folder: Path, *more: str, store: str = "", port: int = 0, **settings: str
) -> Iterator[str]:
    """A tracking server and registry, which hands out its artifacts from `kept` by itself.

    `store` is its database, an SQLite file in the folder where none is given; `port` any that is
    free.
    """
    options = [
        f"--backend-store-uri={store or f'sqlite:///{folder}/server.db'}",
        f"--artifacts-destination={folder / 'kept'}",
        "--serve-artifacts",
        "--workers=1",
    ]
    with serving(folder, "server", *options, *more, port=port, **settings) as address:
        yield address


@contextmanager
def s3_store(folder: Path, objects: Mapping[str, bytes]) -> Iterator[str]:
    """A store that takes any credentials; the objects are named by bucket and key."""
    command = [str(server("object_stores").python), "-m", "moto.server"]
    with _running(folder, "/moto-api/", command) as address:
        for bucket in {name.split("/")[0] for name in objects}:
            _put(f"{address}/{bucket}", b"")
        for name, body in objects.items():
            _put(f"{address}/{urllib.parse.quote(name)}", body)
        yield address


def _put(address: str, body: bytes) -> None:
    # Of a form, which is what urllib takes a body to be, the server would keep nothing.
    kind = {"Content-Type": "application/octet-stream"}
    request = urllib.request.Request(address, body, kind, method="PUT")
    urllib.request.urlopen(request, timeout=30).close()


@contextmanager
def _running(
    folder: Path, health: str, command: Sequence[str], port: int = 0, **settings: str
) -> Iterator[str]:
    log, port = folder / "server.log", port or free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", f"--port={port}"],
            cwd=folder,
            env=_environment(MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false", **settings),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait(f"http://127.0.0.1:{port}{health}", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        # A test may have killed it.
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            # A client may hold a connection open that it waits for.
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)


def _environment(**settings: str) -> dict[str, str]:
    """Without the modules of the tests, among which is an MLflow that has no pages."""
    given = environment(**settings)
    del given["PYTHONPATH"]
    return given


def _wait(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(address, timeout=5)
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError(f"{address} never answered: {log.read_text()}")
