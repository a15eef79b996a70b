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


Resolve = Callable[..., Outcome]


@pytest.fixture()
def resolve(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Resolve:
    """Call the step; keyword arguments are flags."""
    names = ("source-version", "champion", "compare-with-output")

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
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), "PEX_ROOT": str(folder / "pex")}
    # Otherwise MLflow starts seven processes for evaluations of agents.
    variables["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
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
