"""What the tests of this component share: the step as a user calls it, and stores of objects."""

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

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

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
    """Call the step on a source; flags may follow."""

    def call(source: object, *flags: str) -> Outcome:
        folder = tmp_path / "out"
        code = main(["--source", str(source), "--dataset", str(folder / "dataset"), *flags])
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err, folder)

    return call


# Pants lays the packages of a test at the root of its sources; by hand they are where it puts them.
_ROOT = Path(__file__).parents[3]
_DIST = _ROOT if (_ROOT / "build-support.object_stores").exists() else _ROOT / "dist"
_STORES = _DIST / "build-support.object_stores" / "object_stores.pex" / "__main__.py"


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
            [sys.executable, str(_STORES), "-m", *command],
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
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"port {port} never answered: {log.read_text()}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
