"""MLflow servers that require a login, given by the variables that MLflow's client reads."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.faulty import Proxy
from tests.guarded import (
    BEARER,
    PASSWORD,
    RIGHT,
    TOKEN,
    WRONG,
    bearing,
    files_with,
    guarded_server,
    watched,
)
from tests.running import command, environment, params
from tests.stepping import Steps

pytestmark = pytest.mark.slow(reason="needs PostgreSQL")

NAME = "guarded"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a server that knows one user."""
    with guarded_server(tmp_path_factory.mktemp("guarded")) as uri:
        yield uri


@pytest.fixture()
def token_server(team_server: str) -> Iterator[Proxy]:
    """Yield a server that accepts requests with the token."""
    with bearing(team_server) as server:
        yield server


def pipeline(folder: Path, uri: str, variables: Mapping[str, str], secret: str) -> list[str]:
    """Run the pipeline; check that the secret is in no output, file or list of processes.

    Return the steps that were cached.
    """
    running = subprocess.Popen(
        command(
            folder,
            "--register",
            *params(
                mlflow_tracking_uri=uri, registered_model_name=NAME, model="logistic_regression"
            ),
        ),
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    stdout, stderr, seen = watched(running)
    assert running.returncode == 0, stderr
    assert f"models:/{NAME}/1" in stdout
    cached = re.findall(r"(\S+): cached \(from run ", stderr)
    assert any("/environments/train-" in arguments for arguments in seen) or cached
    assert [text for text in (stdout, stderr, *seen) if secret in text] == []
    assert files_with(folder, secret) == []
    return cached


def test_a_user_with_a_password(tmp_path: Path, guarded: str) -> None:
    assert pipeline(tmp_path, guarded, RIGHT, PASSWORD) == []
    # The cache asks the server whether the model is still there.
    again = pipeline(tmp_path, guarded, RIGHT, PASSWORD)
    assert again == ["pull-data", "preprocess", "decide", "train", "evaluate"]


def test_a_token(tmp_path: Path, token_server: Proxy, team_server: str) -> None:
    pipeline(tmp_path, token_server.address, BEARER, TOKEN)
    assert MlflowClient(team_server).get_model_version_by_alias(NAME, "champion")


@pytest.mark.parametrize(
    "variables", [pytest.param({}, id="no user"), pytest.param(WRONG, id="a wrong password")]
)
def test_an_unknown_user_learns_how_to_log_in(
    trained: Steps, guarded: str, variables: dict[str, str]
) -> None:
    names = ("train", "evaluate", "register")
    processes = {name: trained.start(name, guarded, **variables) for name in names}
    for name, arguments in {"show": [NAME], "promote": [f"{NAME}/1"]}.items():
        processes[f"pipelines.{name}"] = subprocess.Popen(
            [sys.executable, "-m", f"pipelines.{name}", *arguments],
            env=environment(MLFLOW_TRACKING_URI=guarded, **variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    for name, process in processes.items():
        stdout, stderr = process.communicate(timeout=60)
        line = stderr.strip().splitlines()[-1]
        assert (process.returncode, stdout) == (1, ""), line
        assert line.startswith(f"{name}: error: ")
        assert guarded in line
        assert "MLFLOW_TRACKING_USERNAME" in line
        assert "Traceback" not in stderr
        assert PASSWORD not in stderr
        assert WRONG["MLFLOW_TRACKING_PASSWORD"] not in stderr
