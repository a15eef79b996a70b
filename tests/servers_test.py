"""The pipeline against a real MLflow server, and its model behind MLflow's scoring server."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.running import DIST, environment, params, run

MLFLOW = DIST / "build-support.mlflow" / "mlflow.pex" / "__main__.py"


@contextmanager
def serving(folder: Path, port: int, *arguments: str) -> Iterator[str]:
    """An MLflow server of some kind, once it answers; its processes end with the block."""
    log = folder / f"{arguments[0]}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, MLFLOW, *arguments, "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env=environment(
                PEX_ROOT=str(folder / "pex"), MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false"
            ),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


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


@pytest.fixture()
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


def post(address: str, body: bytes) -> dict[str, list[object]]:
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        content: dict[str, list[object]] = json.load(answer)
    return content


def test_a_run_against_a_tracking_server(tmp_path: Path, port: int) -> None:
    store = f"sqlite:///{tmp_path}/server.db"
    arguments = ["server", "--backend-store-uri", store, "--workers", "1"]
    with serving(
        tmp_path, port, *arguments, "--artifacts-destination", str(tmp_path / "kept")
    ) as uri:
        finished = run(
            tmp_path / "runs",
            "--register",
            *params(mlflow_tracking_uri=uri, registered_model_name="served", seed=5),
        )
        assert finished.code == 0, finished.stderr
        client = MlflowClient(uri)
        champion = client.get_model_version_by_alias("served", "champion")
        record = client.get_run(str(champion.run_id))
        versions = client.search_model_versions("name='served'")
    assert [str(version.version) for version in versions] == ["1"]
    assert record.data.params["seed"] == "5"
    assert list((tmp_path / "kept").rglob("MLmodel")), "the model was not stored behind the server"
    assert list((tmp_path / "runs").rglob("mlruns")) == []


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="classification"),
        pytest.param(
            {"source": "sample:diabetes", "target": "progression", "model": "ridge"},
            id="regression",
        ),
    ],
)
def test_the_model_answers_its_logged_example(
    tmp_path: Path, port: int, given: dict[str, str]
) -> None:
    finished = run(tmp_path / "runs", "--register", *params(**given))
    assert finished.code == 0, finished.stderr
    model = finished.folder / "train" / "trained_model"
    example = (model / "serving_input_example.json").read_bytes()
    with serving(
        tmp_path, port, "models", "serve", "-m", str(model), "--env-manager", "local"
    ) as uri:
        predictions = post(f"{uri}/invocations", example)["predictions"]
        with pytest.raises(urllib.error.HTTPError, match="400"):
            post(f"{uri}/invocations", b'{"dataframe_split": {"columns": ["x"], "data": [[1]]}}')
    rows = json.loads(example)["dataframe_split"]["data"]
    assert len(predictions) == len(rows) > 0
    if given:
        assert all(isinstance(value, float) and 25 <= value <= 346 for value in predictions)
    else:
        assert set(map(str, predictions)) <= {"malignant", "benign"}
