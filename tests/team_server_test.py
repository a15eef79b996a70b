"""A team's MLflow server: on PostgreSQL, with artifacts through it and changing champions."""

import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.running import environment, params, run

pytestmark = pytest.mark.slow(reason="needs PostgreSQL")

WEAK, STRONG = '{"max_iter": 1, "learning_rate": 0.01}', '{"max_iter": 40}'
NAME = "team-model"


@pytest.fixture(scope="module")
def client(team_server: str) -> MlflowClient:
    return MlflowClient(team_server)


@pytest.fixture(scope="module")
def runs(team_server: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Register a weak model and then a strong one; return both registrations."""
    shown = []
    for settings in (WEAK, STRONG):
        finished = run(
            tmp_path_factory.mktemp("runs"),
            "--register",
            *params(
                mlflow_tracking_uri=team_server,
                model_params=settings,
                thresholds='{"accuracy": {"min_absolute_change": 0.01}}',
                registered_model_name=NAME,
            ),
        )
        assert finished.code == 0, finished.stderr
        assert list(finished.output.rglob("mlruns")) == []
        shown.append(finished.shown("registered"))
    return shown


def command(name: str, uri: str, *arguments: str) -> str:
    """Return what a command prints; the command must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", f"pipelines.{name}", *arguments],
        env=environment(MLFLOW_TRACKING_URI=uri),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def read(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=30) as answer:
        content: bytes = answer.read()
    return content


def aliases(client: MlflowClient) -> dict[str, int]:
    found = client.get_registered_model(NAME).aliases
    return {alias: int(version) for alias, version in found.items()}


def test_a_better_model_replaces_the_champion(client: MlflowClient, runs: list[str]) -> None:
    assert runs == [f"models:/{NAME}/1", f"models:/{NAME}/2"]
    assert aliases(client) == {"champion": 2, "previous": 1}
    weak, strong = (
        client.get_run(str(client.get_model_version(NAME, number).run_id)) for number in "12"
    )
    assert weak.data.metrics["test_accuracy"] < strong.data.metrics["test_accuracy"]
    assert {weak.info.status, strong.info.status} == {"FINISHED"}


def test_report_and_model_are_read_through_the_server(
    client: MlflowClient, runs: list[str], team_server: str, team_folder: Path
) -> None:
    version = client.get_model_version(NAME, "2")
    artifacts = f"{team_server}/api/2.0/mlflow-artifacts/artifacts"
    experiment = client.get_run(str(version.run_id)).info.experiment_id
    report = f"{experiment}/{version.run_id}/artifacts/evaluation/report.html"
    page = read(f"{artifacts}/{report}")
    assert page == (team_folder / "kept" / report).read_bytes()
    assert page.startswith(b"<!DOCTYPE html>")
    model = client.get_logged_model(version.tags["pinion.model_id"])
    description = read(f"{artifacts}/{model.artifact_location.partition(':/')[2]}/MLmodel")
    assert f"model_id: {model.model_id}\n".encode() in description


def test_a_person_can_roll_back_and_promote_again(
    client: MlflowClient, runs: list[str], team_server: str
) -> None:
    said = command("promote", team_server, NAME, "--rollback", "--why=too slow")
    assert said == f"models:/{NAME}/1 is now the champion, and version 2 is 'previous'\n"
    assert aliases(client) == {"champion": 1, "previous": 2}
    command("promote", team_server, f"{NAME}/2", "--why=measured again")
    assert aliases(client) == {"champion": 2, "previous": 1}
    history = command("promote", team_server, NAME, "--history").splitlines()
    assert [line.partition("champion ")[2].split("  by ")[0] for line in history] == [
        "none → 1",
        "1 → 2",
        "2 → 1",
        "1 → 2",
    ]
    assert "too slow" in history[2]
    shown = command("show", team_server, NAME)
    assert f"models:/{NAME}/2 (champion)" in shown
    assert "sample:breast_cancer" in shown


def test_the_servers_pages_know_the_kind_of_the_experiment(
    client: MlflowClient, runs: list[str], team_server: str
) -> None:
    version = client.get_model_version(NAME, "2")
    experiment = client.get_experiment(client.get_run(str(version.run_id)).info.experiment_id)
    kind = experiment.tags["mlflow.experimentKind"]
    page = read(f"{team_server}/").decode()
    (script,) = re.findall(r'src="\.?/?(static-files/static/js/main\.\w+\.js)"', page)
    assert f'"{kind}"'.encode() in read(f"{team_server}/{script}")
