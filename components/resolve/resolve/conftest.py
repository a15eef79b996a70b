"""What the tests of this component share: the step as a user calls it, and real servers."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from mlflow import MlflowClient

from pinion_step.libraries import steer_libraries
from resolve.__main__ import main


@dataclass(frozen=True)
class Outcome:
    """What a call of the step left: its exit code, its output, and the values of its outputs."""

    code: int
    out: str
    err: str
    source_version: str
    champion: str
    compare_with: str
    expired: str
    refused: str


Resolve = Callable[..., Outcome]


@pytest.fixture()
def resolve(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Resolve:
    """Call the step; keyword arguments are flags."""
    names = ("source-version", "champion", "compare-with-output", "expired", "refused")

    def call(**flags: object) -> Outcome:
        given = [f"--{name.replace('_', '-')}={value}" for name, value in flags.items()]
        files = [tmp_path / "out" / name for name in names]
        for file in files:
            file.unlink(missing_ok=True)
        code = main([*given, *(f"--{file.name}={file}" for file in files)])
        captured = capfd.readouterr()
        texts = [file.read_text() if file.exists() else "not written" for file in files]
        return Outcome(code, captured.out, captured.err, *texts)

    return call


# `make test` says which Pythons have the servers; Pants lays them beside the sources as packages.
_BESIDE = Path(__file__).parents[3]


def server(name: str, module: str) -> list[str]:
    """Return the command of a server that build-support has."""
    if python := os.environ.get(f"PINION_{name.upper()}"):
        return [python, "-m", module]
    package = str(_BESIDE / f"build-support.{name}/{name}.pex/__main__.py")
    # The one of MLflow is its program, the other is a Python.
    return [sys.executable, package, *([] if name == module else ["-m", module])]


@contextmanager
def serving(folder: Path, port: int, path: str, *command: str) -> Iterator[str]:
    """Yield the address of a server once it answers at the path."""
    log, address = folder / "log", f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "PEX_ROOT": str(folder / "pex")},
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + 180
        while not _answers(address + path):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(60)


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=5).close()  # noqa: S310  # our own server's
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@dataclass(frozen=True)
class Registry:
    """A registry by its two addresses, with a client that writes to it."""

    client: MlflowClient
    server: str
    file: str

    def log(self) -> str:
        """Return the id of a new logged model."""
        return self.client.create_logged_model("0", "model").model_id

    def add(self, name: str, model_id: str = "") -> None:
        """Register the next version: of a logged model, or else of files somewhere."""
        source = f"models:/{model_id}" if model_id else "s3://bucket/model"
        self.client.create_model_version(
            name, source, await_creation_for=0, model_id=model_id or None
        )


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder, port = tmp_path_factory.mktemp("registry"), free_port()
    file = f"sqlite:///{folder}/mlflow.db"
    more = ["--workers=1", f"--artifacts-destination={folder / 'kept'}", f"--port={port}"]
    command = [*server("mlflow", "mlflow"), "server", f"--backend-store-uri={file}", *more]
    steer_libraries()
    with serving(folder, port, "/health", *command) as address:
        yield Registry(MlflowClient(address, address), address, file)


@pytest.fixture(params=["server", "file"])
def uri(request: pytest.FixtureRequest, registry: Registry) -> str:
    address: str = getattr(registry, request.param)
    return address
