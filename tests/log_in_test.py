"""MLflow servers that ask who you are, by the variables that MLflow's own client reads."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from secrets import token_hex

import pytest
from mlflow import MlflowClient

from tests.faulty import Fault, Proxy, Request, proxy
from tests.local_servers import tracking_server
from tests.running import DIST, command, environment, params
from tests.stepping import Steps

USER, PASSWORD, TOKEN = "admin", "open-sesame-4711", "token-of-the-team-0815"
NAME = "guarded"
RIGHT = {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": PASSWORD}
WRONG = {**RIGHT, "MLFLOW_TRACKING_PASSWORD": "wrong-and-secret-99"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that knows one user."""
    folder = tmp_path_factory.mktemp("guarded")
    settings = folder / "auth.ini"
    settings.write_text(
        "[mlflow]\ndefault_permission = READ\n"
        f"database_uri = sqlite:///{folder}/users.db\n"
        f"admin_username = {USER}\nadmin_password = {PASSWORD}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    with tracking_server(
        DIST,
        folder,
        "--app-name=basic-auth",
        MLFLOW_AUTH_CONFIG_PATH=str(settings),
        MLFLOW_FLASK_SERVER_SECRET_KEY=token_hex(8),
    ) as uri:
        yield uri


@pytest.fixture()
def bearing(team_server: str) -> Iterator[Proxy]:
    """A server that lets in who bears the token."""

    def judge(request: Request) -> Fault:
        known = request.headers.get("Authorization") == f"Bearer {TOKEN}"
        return Fault.NONE if known or request.path == "/health" else Fault.UNAUTHORIZED

    with proxy(team_server) as server:
        server.judge = judge
        yield server


def pipeline(folder: Path, uri: str, variables: Mapping[str, str], secret: str) -> None:
    """Runs the pipeline; the secret is in no output, no file, and no list of processes."""
    running = subprocess.Popen(
        command(
            folder,
            "--register",
            *params(mlflow_tracking_uri=uri, registered_model_name=NAME, model="random_forest"),
        ),
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    seen: list[str] = []
    watcher = threading.Thread(target=_watch, args=(running, seen))
    watcher.start()
    stdout, stderr = running.communicate(timeout=300)
    watcher.join()
    assert running.returncode == 0, stderr
    assert any("/environments/train-" in arguments for arguments in seen)
    texts = [stdout, stderr, *seen]
    texts += [path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()]
    assert [text for text in texts if secret in text] == []


def _watch(process: "subprocess.Popen[str]", seen: list[str]) -> None:
    while process.poll() is None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.append(path.read_bytes().decode(errors="replace"))
            except OSError:
                continue
        time.sleep(0.3)


def test_a_user_with_a_password(tmp_path: Path, guarded: str) -> None:
    pipeline(tmp_path, guarded, RIGHT, PASSWORD)


def test_a_token(tmp_path: Path, bearing: Proxy, team_server: str) -> None:
    pipeline(tmp_path, bearing.address, {"MLFLOW_TRACKING_TOKEN": TOKEN}, TOKEN)
    assert MlflowClient(team_server).get_model_version_by_alias(NAME, "champion")


@pytest.fixture(scope="module")
def trained(team_server: str, prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Steps:
    """What the steps need to be called, of another server."""
    steps = Steps(tmp_path_factory.mktemp("trained"), prepared)
    for component in ("train", "evaluate"):
        process = steps.start(component, team_server)
        _, stderr = process.communicate(timeout=120)
        assert process.returncode == 0, stderr
    return steps


@pytest.mark.parametrize(
    "variables", [pytest.param({}, id="nobody"), pytest.param(WRONG, id="a wrong password")]
)
def test_whoever_is_not_known_is_told_how_to_log_in(
    trained: Steps, guarded: str, variables: dict[str, str]
) -> None:
    started = time.monotonic()
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
    assert time.monotonic() - started < 45
