import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import deploy
from pipelines.compiled.file import PipelineFile
from pipelines.components.image import ImageReference
from pipelines.components.interface import Signature
from pipelines.kubeflow.kfp_server_testing import KfpServer, serving, wait_until
from pipelines.kubeflow.rollout_testing import FAULTS
from pipelines.pinning.lock import Lock, Locked, sha256
from pipelines.pinning.releases import Release, store
from pipelines.system.errors import PinionError, UsageError
from pipelines.system.workspace import ROOT, Workspace

GOLDEN = ROOT / "tests" / "golden" / "training.yaml"
TRACKING = ["--param", "mlflow_tracking_uri=http://mlflow.mlflow:5000"]
NIGHTLY = ["--schedule", "30 3 * * *", *TRACKING]


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in os.environ if each.startswith(("KFP_", "KF_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("pipelines.kubeflow.session.pause", lambda _: None)


def released(workspace: Workspace, tag: str) -> None:
    """Write a release whose pipeline is the golden file."""
    images = [ImageReference.parse(each) for each in PipelineFile.load(GOLDEN).images]
    locked = {
        each.path: Locked(each.tag, each, "s1:c", "s1:a", "f00d", Signature({}, {}), {})
        for each in images
    }
    pipeline = GOLDEN.read_bytes()
    store(workspace, Release(Lock(tag, "host:5000", sha256(pipeline), locked), pipeline))


@pytest.fixture()
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return a clone with two releases."""
    made = Workspace(tmp_path)
    # With its bytecode, because compiling it takes longer than the command.
    code = shutil.ignore_patterns("*_test.py", ".*", "releases")
    shutil.copytree(ROOT / "pipelines", tmp_path / "pipelines", ignore=code)
    for tag in ("1.0.0", "1.1.0"):
        released(made, tag)
    monkeypatch.setattr(deploy, "Workspace", lambda: made)
    return made


def command(workspace: Workspace, server: KfpServer, *arguments: str) -> "subprocess.Popen[str]":
    """Start the command as a user calls it, in the clone."""
    path = os.pathsep.join([str(workspace.root), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.deploy", *arguments, "--endpoint", server.address],
        cwd=workspace.root,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def main(server: KfpServer, *arguments: str) -> int:
    return deploy.main([*arguments, "--endpoint", server.address])


def test_a_release_is_deployed_with_its_schedule(workspace: Workspace) -> None:
    with serving(KfpServer()) as server:
        process = command(workspace, server, "1.0.0", *NIGHTLY, "--param", "seed=7", "--register")
        output, error = process.communicate(timeout=60)
        (pipeline,), (version,) = server.pipelines.values(), server.versions.values()
        (run,) = server.recurring_runs.values()
        (uploaded,) = server.asked("POST", "/pipelines/upload_version")
    assert (process.returncode, error) == (0, "")
    assert GOLDEN.read_bytes() in uploaded.body
    assert (pipeline["name"], version["name"]) == ("training", "1.0.0")
    parameters = run["runtime_config"]["parameters"]
    assert (parameters["seed"], parameters["register"]) == (7, True)
    assert parameters["model"] == "hist_gradient_boosting"
    assert run["trigger"] == {"cron_schedule": {"cron": "0 30 3 * * *"}}
    lines = [re.sub(r" \([0-9a-f-]{36}\)", "", each) for each in output.splitlines()]
    assert lines[:3] == [
        "pipeline   training created",
        "version    1.0.0 uploaded",
        "schedule   30 3 * * * → 1.0.0 created",
    ]
    page = f"{pipeline['pipeline_id']}/version/{version['pipeline_version_id']}"
    assert lines[3] == f"dashboard  {server.address}/#/pipelines/details/{page}"


def test_a_release_needs_no_parameters_where_nothing_runs(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(KfpServer()) as server:
        assert main(server, "1.0.0") == 0
        assert (len(server.versions), len(server.experiments)) == (1, 0)
        assert main(server, "1.0.0", *NIGHTLY) == 0
        assert main(server, "1.1.0", "--dry-run") == 0
        assert "--schedule '30 3 * * *'" in capsys.readouterr().out
        assert main(server, "1.1.0", *NIGHTLY) == 0
        assert [each["name"] for each in server.versions.values()] == ["1.0.0", "1.1.0"]
        (run,) = server.recurring_runs.values()
        newest = list(server.versions)[-1]
        assert run["pipeline_version_reference"]["pipeline_version_id"] == newest
        assert main(server, "1.1.0", "--remove") == 0
        assert not server.recurring_runs
        assert [each["name"] for each in server.versions.values()] == ["1.0.0"]
        assert main(server, "1.1.0", "--remove") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "version    1.1.0 does not exist"


def test_settings_for_the_cluster_go_with_the_version(workspace: Workspace) -> None:
    platform = workspace.root / "platform.yaml"
    platform.write_text(
        "service_account: runner\n"
        "defaults:\n  config_maps: {mlflow: {MLFLOW_TRACKING_URI: uri}}\n"
        "steps:\n  train: {memory: 3Gi}\n"
    )
    # The address of MLflow comes from the config map.
    flags = ["1.0.0", "--platform", str(platform), "--schedule", "@daily"]
    with serving(KfpServer()) as server:
        assert main(server, *flags) == main(server, *flags) == 0
        assert main(server, *flags, "--service-account", "trainer", "--no-cache") == 0
        first, second = server.versions.values()
        (run,) = server.recurring_runs.values()
    assert first["name"] == "1.0.0"
    executors = first["pipeline_spec"]["platform_spec"]["platforms"]["kubernetes"]
    assert len(executors["deploymentSpec"]["executors"]) == 7
    assert re.fullmatch("1.0.0-[0-9a-f]{8}", second["name"])
    assert run["pipeline_version_reference"]["pipeline_version_id"] == second["pipeline_version_id"]
    assert run["service_account"] == "trainer"


def test_retries_are_explained_at_the_first_deployment(
    workspace: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    platform = workspace.root / "platform.yaml"
    platform.write_text("steps: {train: {retries: {count: 3, backoff: 30s}}}\n")
    told = []
    with serving(KfpServer()) as server:
        for flags in ([], ["--platform", str(platform)], ["--platform", str(platform)]):
            assert main(server, "1.0.0", *flags) == 0
            told.append("docs/kubeflow.md#retries" in capsys.readouterr().err)
    assert told == [False, True, False]


def test_a_user_of_several_names_a_namespace(workspace: Workspace) -> None:
    with serving(KfpServer(multi_user=True)) as server:
        with pytest.raises(UsageError, match="name yours with --namespace"):
            main(server, "1.0.0")
        for _ in range(2):
            assert main(server, "1.0.0", *NIGHTLY, "--namespace", "team-a") == 0
        (pipeline,), (run,) = server.pipelines.values(), server.recurring_runs.values()
    assert (pipeline["namespace"], run["namespace"]) == ("team-a", "team-a")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(["dev"], 2, "dev is the working tree, and only a release", id="dev"),
        pytest.param(["1.2.0"], 2, "unknown release '1.2.0'; known: dev, 1.1.0, 1.0.0", id="tag"),
        pytest.param([*NIGHTLY, "--schedule", "0 3 * *"], 2, "has 4 fields", id="cron"),
        pytest.param(
            [*NIGHTLY, "--schedule", "0 24 * * *"], 2, "hour '24' is not 0 to 23", id="hour"
        ),
        pytest.param([*NIGHTLY, "--param", "sead=7"], 2, "no parameter 'sead'", id="parameter"),
        pytest.param(["--schedule", "@daily"], 2, "mlflow_tracking_uri is empty", id="tracking"),
        pytest.param(["--platform", "none.yaml"], 2, "none.yaml", id="platform"),
        pytest.param(
            TRACKING,
            2,
            "--param: no effect without --schedule, because this only uploads the pipeline, and"
            " parameters belong to its runs; to set them for a schedule, add --schedule CRON; for"
            " one run, give them to python -m pipelines.submit, or in the form of the dashboard",
            id="no runs",
        ),
        pytest.param(
            ["--no-register", "--service-account", "x"],
            2,
            "--register, --service-account: no effect without --schedule",
            id="flags of runs",
        ),
        pytest.param(
            ["--remove", "--no-cache"], 2, "--no-cache: no effect with --remove", id="remove"
        ),
        pytest.param(["--user", "ada"], 2, "set KFP_PASSWORD", id="no password"),
    ],
)
@pytest.mark.usefixtures("workspace")
def test_what_is_wrong_is_said_before_a_cluster_is_asked(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    tag = [] if arguments[0][0].isalnum() else ["1.0.0"]
    with serving(KfpServer()) as server:
        with pytest.raises(PinionError, match=re.escape(message)) as refused:
            main(server, *tag, *arguments)
        assert server.requests == []
    assert refused.value.exit_code == code
    assert capsys.readouterr().out == ""


def test_an_edited_release_is_not_deployed(workspace: Workspace) -> None:
    file = workspace.releases / "1.0.0" / "pipeline.yaml"
    file.write_text(file.read_text().replace("seed", "sead"))
    with serving(KfpServer()) as server:
        process = command(workspace, server, "1.0.0")
        _, error = process.communicate(timeout=60)
        assert server.requests == []
    assert process.returncode == 1
    (line,) = error.splitlines()
    assert line.startswith("pipelines.deploy: error: ")
    assert "pipelines/releases/1.0.0/pipeline.yaml was edited" in line


def test_another_pipeline_under_the_tag_is_told(workspace: Workspace) -> None:
    with serving(KfpServer()) as server:
        assert main(server, "1.0.0") == 0
        (version,) = server.versions.values()
        version["pipeline_spec"]["pipeline_spec"]["root"]["dag"]["tasks"].pop("condition-1")
        process = command(workspace, server, "1.0.0")
        _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    (line,) = error.splitlines()
    assert line.endswith("delete it with python -m pipelines.deploy 1.0.0 --remove")


@pytest.mark.parametrize("fault", [each for each in FAULTS if "every third" in each])
def test_one_deployment_whatever_gets_lost(workspace: Workspace, fault: str) -> None:
    make = FAULTS[fault]
    with serving(KfpServer(fault=make())) as server:
        for _ in range(2):
            assert main(server, "1.0.0", *NIGHTLY) == 0
        (version,) = server.versions.values()
        (run,) = server.recurring_runs.values()
        assert len(server.pipelines) == len(server.experiments) == 1
    assert version["name"] == "1.0.0"
    reference = run["pipeline_version_reference"]
    assert reference["pipeline_version_id"] == version["pipeline_version_id"]


def test_a_server_that_is_away_for_seconds(workspace: Workspace) -> None:
    count = itertools.count()
    away = {*range(2, 6), 9, 10, 11}
    with serving(KfpServer(fault=lambda _: 500 if next(count) in away else None)) as server:
        process = command(workspace, server, "1.0.0", *NIGHTLY)
        _, error = process.communicate(timeout=120)
        assert len(server.pipelines) == len(server.versions) == len(server.recurring_runs) == 1
    assert process.returncode == 0, error


def test_ctrl_c_ends_with_130_and_the_next_call_goes_on(workspace: Workspace) -> None:
    with serving(KfpServer()) as server:
        server.fault = lambda each: 503 if "recurringruns" in each.path else None
        process = command(workspace, server, "1.0.0", *NIGHTLY)
        wait_until(lambda: server.asked("GET", "/recurringruns"))
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in error
        assert len(server.versions) == 1
        server.fault = lambda _: None
        assert main(server, "1.0.0", *NIGHTLY) == 0
        assert len(server.versions) == len(server.recurring_runs) == 1
