"""What the tests of this component share: the step as a user calls it, profiles, and a registry."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow import MlflowClient

from decide.__main__ import main
from pinion_step.formats.profile import Profile, from_json
from pinion_step.libraries import steer_libraries
from pinion_step.store import prepare_store

Values = Sequence[Any] | np.ndarray
Table = Mapping[str, Values]


def column(values: Values) -> dict[str, Any]:
    """Return the profile of a column: of numbers, or of categories if it has texts."""
    kept = [value for value in values if value is not None and value == value]
    found: dict[str, Any] = {"rows": len(values), "missing": len(values) - len(kept)}
    if any(isinstance(value, str) for value in kept):
        counts = {name: kept.count(name) for name in set(kept)}
        common = sorted(counts, key=lambda name: (-counts[name], name))[:100]
        frequencies = {name: counts[name] for name in common}
        other = len(kept) - sum(frequencies.values())
        more = {"distinct": len(counts), "frequencies": frequencies, "other": other}
        return found | {"kind": "category"} | more
    numbers = np.array(kept, dtype=float)
    quantiles = np.quantile(numbers, np.linspace(0, 1, 201)).tolist() if kept else []
    more = {"mean": float(numbers.mean()), "std": float(numbers.std())} if kept else {}
    known = {name: more.get(name) for name in ("mean", "std")}
    return found | {"kind": "number", **known, "quantiles": quantiles}


def document(table: Table, target: str = "", **changes: Any) -> dict[str, Any]:
    """Return the profile of a table as preprocess writes it; the first column is the target."""
    columns = {name: column(values) for name, values in table.items()}
    return {
        "format": 1,
        "dataset": "d-new",
        "parameters": "p-1",
        "rows": max(each["rows"] for each in columns.values()),
        "target": target or next(iter(table)),
        "task": "regression",
        "columns": columns,
        **changes,
    }


def profile(table: Table, **changes: Any) -> Profile:
    """Return the profile of a table."""
    return from_json(json.dumps(document(table, **changes)))


@dataclass(frozen=True)
class Outcome:
    """What a call of the step left: its exit code, its output, and its outputs."""

    code: int
    err: str
    retrain: str
    why: str
    recipe: str
    drift: dict[str, Any]
    page: str


Decide = Callable[..., Outcome]
_OUTPUTS = ("retrain", "why", "recipe", "drift", "drift-report")
CODE = "hash of preprocess and train"


@pytest.fixture()
def decide(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Decide:
    """Call the step with a profile's document; keyword arguments are flags."""

    def call(given: Mapping[str, Any], **flags: object) -> Outcome:
        (tmp_path / "profile").write_text(json.dumps(given))
        files = {name: tmp_path / "out" / name for name in _OUTPUTS}
        for file in files.values():
            file.unlink(missing_ok=True)
        words = {"profile": tmp_path / "profile", "code": CODE, **flags, **files}
        code = main([f"--{name.replace('_', '-')}={value}" for name, value in words.items()])
        retrain, why, recipe, drift, page = (
            file.read_text() if file.exists() else "" for file in files.values()
        )
        error = capfd.readouterr().err
        return Outcome(code, error, retrain, why, recipe, json.loads(drift or "{}"), page)

    return call


@dataclass(frozen=True)
class Registry:
    """A registry, with a client that writes to it, and the folder of its artifacts."""

    client: MlflowClient
    uri: str
    artifacts: Path

    def champion(
        self, name: str, given: Mapping[str, Any] | None, recipe: str = "", **tags: str
    ) -> str:
        """Register the next version of a model, made by a run with this profile and recipe."""
        known = {"pinion.recipe": recipe, "pinion.dataset": str((given or {}).get("dataset", ""))}
        run = self.client.create_run("0", tags={k: v for k, v in (known | tags).items() if v})
        if given is not None:
            self.client.log_text(run.info.run_id, json.dumps(given), "profile.json")
        if not self.client.search_registered_models(f"name = '{name}'"):
            self.client.create_registered_model(name)
        version = self.client.create_model_version(
            name, "s3://bucket/model", run.info.run_id, await_creation_for=0
        )
        return f"{name}/{version.version}"


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Return a registry in an SQLite file, with its artifacts beside it."""
    folder = tmp_path_factory.mktemp("local")
    uri = f"sqlite:///{folder}/mlflow.db"
    steer_libraries()
    prepare_store(uri)
    return Registry(MlflowClient(uri, uri), uri, folder / "artifacts")


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Yield a registry of a server that also serves the artifacts."""
    folder, port = tmp_path_factory.mktemp("registry"), free_port()
    file, kept = f"sqlite:///{folder}/mlflow.db", folder / "kept"
    more = ["--workers=1", f"--artifacts-destination={kept}", f"--port={port}"]
    command = [*_mlflow(), "server", f"--backend-store-uri={file}", *more]
    steer_libraries()
    address = f"http://127.0.0.1:{port}"
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), "PEX_ROOT": str(folder / "pex")}
    # Otherwise MLflow starts seven processes for evaluations of agents.
    variables["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    with (folder / "log").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + 180
        while not _answers(f"{address}/health"):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
        yield Registry(MlflowClient(address, address), address, kept)
    finally:
        process.terminate()
        process.wait(60)


def _mlflow() -> list[str]:
    """Return the command of the server, from what `make test` names or Pants lays beside."""
    if python := os.environ.get("PINION_MLFLOW"):
        return [python, "-m", "mlflow"]
    beside = Path(__file__).parents[3] / "build-support.mlflow/mlflow.pex/__main__.py"
    return [sys.executable, str(beside)]


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
