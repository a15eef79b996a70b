"""MLflow behind a bad network: a step succeeds, or fails soon with one line that says where."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.faulty import Fault, Proxy, Request, proxy
from tests.ports import free_port
from tests.stepping import Steps

pytestmark = pytest.mark.slow(reason="needs PostgreSQL")

# Seconds that a step waits for MLflow at most in total.
BOUND = 120


@pytest.fixture()
def network(team_server: str) -> Iterator[Proxy]:
    with proxy(team_server) as server:
        yield server


@pytest.fixture()
def steps(tmp_path: Path, prepared: Path) -> Steps:
    return Steps(tmp_path, prepared)


def finish(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Return the exit code of a step, and its last line on stderr."""
    _, stderr = process.communicate(timeout=BOUND)
    assert "Traceback" not in stderr
    return process.returncode, (stderr.strip().splitlines() or [""])[-1]


def succeed(process: "subprocess.Popen[str]") -> None:
    code, line = finish(process)
    assert code == 0, line


def every_third(request: Request) -> bool:
    return request.number % 3 == 0


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault.SILENCE, id="never answers"),
        pytest.param(Fault.ERROR_500, id="answers 500"),
        pytest.param(Fault.UNAVAILABLE, id="answers 503 with a retry in ten minutes"),
    ],
)
def test_a_server_that_never_serves(trained: Steps, network: Proxy, fault: Fault) -> None:
    network.judge = lambda _request: fault
    refused(trained, network.address, 45)


def test_a_server_that_is_not_running(trained: Steps) -> None:
    refused(trained, f"http://127.0.0.1:{free_port()}", 45)


def refused(steps: Steps, uri: str, seconds: float) -> None:
    """Check that all three steps fail in that time, with one line that names the address."""
    started = time.monotonic()
    processes = {name: steps.start(name, uri) for name in ("train", "evaluate", "register")}
    for name, process in processes.items():
        code, line = finish(process)
        assert (code, line.startswith(f"{name}: error: ")) == (1, True), line
        assert uri in line
    assert time.monotonic() - started < seconds


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.LOSE], ids=["requests", "answers"])
def test_every_third_request_or_answer_is_lost(
    steps: Steps, network: Proxy, team_server: str, fault: Fault
) -> None:
    network.judge = lambda request: fault if every_third(request) else Fault.NONE
    for component in ("train", "evaluate", "register"):
        succeed(steps.start(component, network.address))
    assert_one_of_each(steps, team_server)


def assert_one_of_each(steps: Steps, uri: str) -> None:
    """Check for one version, one FINISHED run, no RUNNING one, and no PENDING model."""
    client = MlflowClient(uri)
    run = client.get_run((steps.folder / "run_id").read_text())
    model = (steps.folder / "model_id").read_text()
    versions = client.search_model_versions(f"source_path = 'models:/{model}'")
    assert [str(version.version) for version in versions] == [
        (steps.folder / "version").read_text()
    ]
    assert run.info.status == "FINISHED"
    running = client.search_runs([run.info.experiment_id], "attributes.status = 'RUNNING'")
    assert [each.info.run_id for each in running] == []
    # MLflow 3.17 cannot search by status on PostgreSQL.
    models = client.search_logged_models([run.info.experiment_id])
    assert [each.model_id for each in models if each.status == "PENDING"] == []


@pytest.mark.parametrize(
    ("component", "judge"),
    [
        pytest.param("train", lambda each: each.path.endswith("model.skops"), id="model"),
        pytest.param("evaluate", lambda each: each.path.endswith(".html"), id="report"),
    ],
)
def test_an_upload_that_is_cut_short_every_time(
    trained: Steps,
    tmp_path: Path,
    network: Proxy,
    component: str,
    judge: Callable[[Request], bool],
) -> None:
    network.judge = lambda each: Fault.CUT if each.method == "PUT" and judge(each) else Fault.NONE
    before = set(trained.folder.iterdir())
    code, line = finish(trained.start(component, network.address))
    assert code == 1
    assert line.startswith(f"{component}: error: ")
    assert network.address in line
    assert set(trained.folder.iterdir()) == before


# The request of each step at which the server stops answering.
SILENT_FROM = [
    ("train", "runs/log-inputs"),
    ("train", "/model.skops"),
    ("evaluate", "/report.html"),
    ("evaluate", "runs/log-batch"),
    ("register", "model-versions/create"),
    ("register", "registered-models/alias"),
]
# Every call is tried twice for 5 s, instead of three times for 30 s.
LITTLE_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
}
# Two attempts of one call, and one attempt each to mark the model and the run as failed.
MOST = 2 + 2


def fall_silent(network: Proxy, path: str) -> list[Request]:
    """Answer no request from the first one for the path on; return the unanswered requests."""
    waiting: list[Request] = []

    def judge(request: Request) -> Fault:
        if not (waiting or request.path.endswith(path)):
            return Fault.NONE
        waiting.append(request)
        return Fault.SILENCE

    network.judge = judge
    return waiting


def test_a_server_that_falls_silent_in_the_middle(
    trained: Steps, team_server: str, tmp_path: Path
) -> None:
    before = set(trained.folder.iterdir())
    with ExitStack() as stack:
        started = []
        for component, path in SILENT_FROM:
            # Each has its own names, because it leaves a run RUNNING that the others must not see.
            name = f"{tmp_path.name} {path.rpartition('/')[2]}"
            steps = replace(trained, model_name=name, experiment=name)
            network = stack.enter_context(proxy(team_server))
            waiting = fall_silent(network, path)
            process = steps.start(component, network.address, **LITTLE_PATIENCE)
            started.append((component, network, waiting, process))
        for component, network, waiting, process in started:
            code, line = finish(process)
            assert (code, line.startswith(f"{component}: error: ")) == (1, True), line
            assert network.address in line
            assert 0 < len(waiting) <= MOST, waiting
    assert set(trained.folder.iterdir()) == before


def test_an_upload_that_is_cut_short_once(steps: Steps, network: Proxy, team_server: str) -> None:
    cut: set[str] = set()

    def judge(request: Request) -> Fault:
        first = request.method == "PUT" and request.path not in cut
        cut.add(request.path)
        return Fault.CUT if first else Fault.NONE

    network.judge = judge
    for component in ("train", "evaluate", "register"):
        succeed(steps.start(component, network.address))
    assert_one_of_each(steps, team_server)


def test_a_server_that_is_down_between_two_steps(
    steps: Steps, network: Proxy, team_server: str
) -> None:
    succeed(steps.start("train", network.address))
    network.judge = lambda _request: Fault.DROP
    code, line = finish(steps.start("evaluate", network.address))
    assert (code, network.address in line) == (1, True), line
    network.judge = lambda _request: Fault.NONE
    for component in ("evaluate", "register"):
        succeed(steps.start(component, network.address))
    assert_one_of_each(steps, team_server)
