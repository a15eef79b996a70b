"""Real servers for MLflow and for objects, each in the environment that its lock defines."""

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
    """Yield the address of an MLflow server once it answers; the server ends with the block."""
    python = server("mlflow").python
    # MLflow looks for the program that serves models on the PATH.
    settings["PATH"] = os.pathsep.join([str(python.parent), os.environ["PATH"]])
    command = [str(python), "-m", "mlflow", *arguments]
    with _running(folder, "/health", command, port=port, **settings) as address:
        yield address


@contextmanager
def tracking_server(
    folder: Path, *more: str, store: str = "", port: int = 0, **settings: str
) -> Iterator[str]:
    """Yield the address of a tracking server and registry that serves its artifacts from `kept`.

    The default `store` is an SQLite file in the folder, the default `port` any free one.
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
    """Yield the address of an S3 store; it takes any credentials, and objects are `bucket/key`."""
    command = [str(server("object_stores").python), "-m", "moto.server"]
    with _running(folder, "/moto-api/", command) as address:
        for bucket in {name.split("/")[0] for name in objects}:
            _put(f"{address}/{bucket}", b"")
        for name, body in objects.items():
            _put(f"{address}/{urllib.parse.quote(name)}", body)
        yield address


def _put(address: str, body: bytes) -> None:
    # By default urllib declares a body to be a form, and the server would store nothing.
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
        # A test may have killed the server.
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            # The server may wait for a client that keeps a connection open.
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)


def _environment(**settings: str) -> dict[str, str]:
    """Return an environment without the tests' modules, whose MLflow has no web pages."""
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
    raise AssertionError(f"{address} did not answer in time: {log.read_text()}")
