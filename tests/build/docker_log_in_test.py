"""Use MLflow servers that require a login from steps in containers."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.build.images import docker
from tests.build.pinion import Tree
from tests.build.tree import ROOT, environment
from tests.guarded import (
    BEARER,
    PASSWORD,
    RIGHT,
    TOKEN,
    WRONG,
    arguments_of_all,
    bearing,
    files_with,
    guarded_server,
    watched,
)
from tests.local_servers import tracking_server

pytestmark = pytest.mark.docker

# Only the environment of a container may contain a secret.
ENVIRONMENT = "Env"


def start(
    tree: Tree, output: Path, uri: str, variables: Mapping[str, str]
) -> "subprocess.Popen[str]":
    """Start a run of the release in its images."""
    parameters = [f"--param=mlflow_tracking_uri={uri}", "--param=model=logistic_regression"]
    what = ["--release=1.0.0", "--runner=docker", "--register", f"--output={output}"]
    return subprocess.Popen(
        [str(ROOT / ".venv" / "bin" / "python"), "-m", "pipelines.run", *what, *parameters],
        cwd=tree.folder,
        env=environment(**tree.environment(), **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def inspected() -> Iterator[dict[str, object]]:
    """Yield the engine's description of every container of a run."""
    for container in docker("ps", "--quiet", "--filter=label=dev.pinion.run").split():
        done = subprocess.run(
            ["docker", "inspect", container], capture_output=True, text=True, check=False
        )
        # The container may have ended in the meantime.
        yield from json.loads(done.stdout or "[]")


def seen_of_containers() -> Iterator[str]:
    """Yield all command lines, and the containers' descriptions without their environment."""
    yield from arguments_of_all()
    for container in inspected():
        config = container["Config"]
        assert isinstance(config, dict)
        del config[ENVIRONMENT]
        yield json.dumps(container)


def assert_kept(
    tree: Tree, output: Path, uri: str, variables: Mapping[str, str], secret: str
) -> None:
    """Assert that a run registers its model, and that the secret appears nowhere.

    It must be in nothing that the run prints, leaves or starts.
    """
    running = start(tree, output, uri, variables)
    stdout, stderr, seen = watched(running, seen_of_containers)
    assert running.returncode == 0, stderr
    assert "models:/pinion-model/" in stdout
    assert any('"dev.pinion.run"' in text and "train" in text for text in seen)
    assert [text for text in (stdout, stderr, *seen) if secret in text] == []
    assert files_with(output, secret) == []


def test_a_user_with_a_password_can_log_in(released: Tree, tmp_path: Path) -> None:
    with guarded_server(tmp_path) as uri:
        assert_kept(released, tmp_path / "runs", uri, RIGHT, PASSWORD)
        wrong = start(released, tmp_path / "wrong", uri, WRONG)
        stdout, stderr = wrong.communicate(timeout=300)
    assert (wrong.returncode, stdout) == (1, "")
    line = stderr.strip().splitlines()[-1]
    assert line.startswith("pipelines.run: error: step 'train' failed: ")
    assert f"MLflow at {uri} does not know you (401); set MLFLOW_TRACKING_USERNAME" in line
    assert "Traceback" not in stderr
    assert WRONG["MLFLOW_TRACKING_PASSWORD"] not in stderr


def test_a_token_can_log_in(released: Tree, tmp_path: Path) -> None:
    with tracking_server(tmp_path) as uri, bearing(uri) as guarded:
        assert_kept(released, tmp_path / "runs", guarded.address, BEARER, TOKEN)
        assert MlflowClient(uri).get_model_version_by_alias("pinion-model", "champion")
