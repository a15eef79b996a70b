import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipelines import submit
from pipelines.compiled.file import PipelineFile
from pipelines.kubeflow.kfp_server_testing import (
    DROP,
    LOSE,
    KfpServer,
    Request,
    look,
    serving,
    task,
    wait_until,
)
from pipelines.kubeflow.rollout_testing import api as rollout_api
from pipelines.kubeflow.rollout_testing import every_third
from pipelines.kubeflow.session import with_settings
from pipelines.kubeflow.versions import make_pipeline, upload
from pipelines.system.errors import PinionError, UsageError
from pipelines.system.workspace import ROOT

GOLDEN = ROOT / "tests" / "golden" / "training.yaml"
TRACKING = "mlflow_tracking_uri=http://mlflow.mlflow:5000"


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in os.environ if each.startswith(("KFP_", "KF_"))]:
        monkeypatch.delenv(name)


def flags(server: KfpServer, *more: str) -> list[str]:
    """Return the flags of a valid call."""
    where = ["--pipeline-file", str(GOLDEN), "--endpoint", server.address]
    return [*where, "--param", TRACKING, *more]


def command(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
    """Start the command as a user calls it."""
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.submit", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_run_is_what_was_compiled_with_the_parameters_of_the_call(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(KfpServer()) as server:
        arguments = ["--param", "seed=7", "--param", 'thresholds={"roc_auc": 0.9}', "--register"]
        assert submit.main(flags(server, *arguments, "--experiment", "nightly")) == 0
        (posted,) = server.asked("POST", "/runs")
        (experiment,) = server.experiments.values()
        (run,) = server.runs.values()
    assert posted.body["pipeline_spec"]["pipeline_spec"] == PipelineFile.load(GOLDEN).document()
    platform = posted.body["pipeline_spec"]["platform_spec"]["platforms"]["kubernetes"]
    executors = platform["deploymentSpec"]["executors"]
    assert len(executors) == 7
    field = {"name": "PINION_PIPELINE_RUN", "fieldPath": "metadata.labels['pipeline/runid']"}
    assert all(each == {"fieldPathAsEnv": [field]} for each in executors.values())
    parameters = posted.body["runtime_config"]["parameters"]
    assert parameters["seed"] == 7
    assert parameters["thresholds"] == {"roc_auc": 0.9}
    assert parameters["register"] is True
    assert parameters["mlflow_tracking_uri"] == "http://mlflow.mlflow:5000"
    assert parameters["model"] == "hist_gradient_boosting"
    assert posted.body["experiment_id"] == experiment["experiment_id"]
    assert experiment["display_name"] == "nightly"
    assert re.fullmatch(r"training 1\.2\.3 [0-9a-f]{8}", posted.body["display_name"])
    assert posted.body["description"] == (
        "Release 1.2.3 with mlflow_tracking_uri=http://mlflow.mlflow:5000, seed=7,"
        ' thresholds={"roc_auc": 0.9}, register=true'
    )
    assert "service_account" not in posted.body
    shown = capsys.readouterr().out
    assert f"{server.address}/#/runs/details/{run['run_id']}" in shown
    assert f"kubectl logs -n kubeflow -l pipeline/runid={run['run_id']} -c main" in shown


def test_without_register_the_model_is_not_registered() -> None:
    with serving(KfpServer()) as server:
        submit.main(flags(server))
        (posted,) = server.asked("POST", "/runs")
    assert posted.body["runtime_config"]["parameters"]["register"] is False


def test_a_user_of_several_names_a_namespace() -> None:
    with serving(KfpServer(multi_user=True)) as server:
        with pytest.raises(UsageError, match="name yours with --namespace"):
            submit.main(flags(server))
        assert not server.asked("POST", ".*")
        submit.main(flags(server, "--namespace", "team-a", "--service-account", "trainer"))
        (experiment,) = server.experiments.values()
        (posted,) = server.asked("POST", "/runs")
    assert experiment["namespace"] == "team-a"
    assert posted.body["service_account"] == "trainer"


def test_no_cache_is_for_every_step() -> None:
    with serving(KfpServer()) as server:
        submit.main(flags(server, "--no-cache"))
        (posted,) = server.asked("POST", "/runs")
    spec = posted.body["pipeline_spec"]["pipeline_spec"]
    dags = [spec["root"]["dag"], *(each.get("dag", {}) for each in spec["components"].values())]
    options = [each["cachingOptions"] for dag in dags for each in dag.get("tasks", {}).values()]
    assert len(options) == 9
    assert not any(option.get("enableCache") for option in options)


def test_settings_for_the_cluster_go_with_the_run(tmp_path: Path) -> None:
    platform = tmp_path / "platform.yaml"
    platform.write_text(
        "service_account: runner\n"
        "defaults:\n  config_maps: {mlflow: {MLFLOW_TRACKING_URI: uri}}\n"
        "steps:\n  train: {memory: 3Gi}\n"
    )
    with serving(KfpServer()) as server:
        where = ["--pipeline-file", str(GOLDEN), "--endpoint", server.address]
        # The address of MLflow comes from the config map.
        assert submit.main([*where, "--platform", str(platform)]) == 0
        (posted,) = server.asked("POST", "/runs")
    assert posted.body["service_account"] == "runner"
    executors = posted.body["pipeline_spec"]["platform_spec"]["platforms"]["kubernetes"]
    assert len(executors["deploymentSpec"]["executors"]) == 7
    assert "3Gi" in json.dumps(posted.body["pipeline_spec"]["pipeline_spec"])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(["--param", "sead=7"], 2, "no parameter 'sead'", id="unknown parameter"),
        pytest.param(["--param", "seed=x"], 2, "seed: 'x' is not a whole", id="wrong type"),
        pytest.param(["--register", "--param", "register=true"], 2, "not both", id="both"),
        pytest.param(["--params", "none.yaml"], 2, "none.yaml: cannot be read", id="no file"),
        pytest.param(["--platform", "none.yaml"], 2, "none.yaml", id="no platform file"),
        pytest.param(["--param", "mlflow_tracking_uri="], 2, "is empty", id="no tracking"),
        pytest.param(
            ["--param", "mlflow_tracking_uri=sqlite:///m.db"], 2, "on this machine", id="sqlite"
        ),
        pytest.param(["--run-name", "a\nb"], 2, "--run-name 'a\\nb' is not valid", id="run name"),
        pytest.param(["--pipeline-file", "gone.yaml"], 1, "gone.yaml does not exist", id="file"),
        pytest.param(
            ["--stop", ""], 2, "the id or name of a run, which is empty", id="no run to end"
        ),
        pytest.param(["--user", "ada"], 2, "set KFP_PASSWORD", id="no password"),
        pytest.param(["--logs", "--no-wait"], 2, "--logs has no effect", id="logs of no wait"),
        pytest.param(["--logs", "tune"], 2, "has no step 'tune'", id="logs of no step"),
    ],
)
def test_what_is_wrong_is_said_before_a_cluster_is_asked(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str
) -> None:
    with serving(KfpServer()) as server:
        monkeypatch.setenv("KFP_ENDPOINT", server.address)
        where = [] if "--stop" in arguments else flags(server)
        with pytest.raises(PinionError, match=re.escape(message)) as refused:
            submit.main([*where, *arguments])
        assert server.requests == []
    assert refused.value.exit_code == code


def test_a_step_that_would_get_no_value_is_named_before_a_cluster_is_asked(tmp_path: Path) -> None:
    file = PipelineFile.load(GOLDEN)
    seed = file.spec.root.input_definitions.parameters["seed"]
    seed.ClearField("default_value")
    seed.is_optional = True
    path = tmp_path / "pipeline.yaml"
    path.write_text(file.text())
    with serving(KfpServer()) as server:
        where = ["--pipeline-file", str(path), "--endpoint", server.address, "--param", TRACKING]
        with pytest.raises(PinionError, match="the pipeline's parameter 'seed' has none"):
            submit.main(where)
        assert server.requests == []
        assert submit.main([*where, "--param", "seed=3"]) == 0


def test_a_wrong_call_is_one_line() -> None:
    process = command("--pipeline-file", str(GOLDEN), "--param", "sead=7")
    _, error = process.communicate(timeout=60)
    assert process.returncode == 2
    (line,) = error.splitlines()
    assert line.startswith("pipelines.submit: error: ")
    assert "no parameter 'sead'" in line


@pytest.mark.parametrize("fault", [DROP, LOSE, 500, 503])
@pytest.mark.parametrize("third", [0, 1, 2])
def test_one_submission_is_one_run_whatever_gets_lost(
    monkeypatch: pytest.MonkeyPatch, fault: str | int, third: int
) -> None:
    monkeypatch.setattr("pipelines.kubeflow.session.pause", lambda _: None)
    looks = [look("RUNNING"), look("RUNNING"), look("SUCCEEDED")]
    with serving(KfpServer(looks=looks, fault=every_third(fault, third))) as server:
        assert submit.main(flags(server)) == 0
        assert len(server.runs) == len(server.experiments) == 1


def test_every_answer_lost_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.kubeflow.session.pause", lambda _: None)
    seen: set[tuple[str, str]] = set()

    def fault(request: Request) -> str | None:
        kind = (request.method, request.path.rpartition("/")[2][:8])
        first = kind not in seen
        seen.add(kind)
        return DROP if first else None

    with serving(KfpServer(fault=fault)) as server:
        assert submit.main(flags(server)) == 0
        assert len(server.runs) == 1


def test_an_answer_that_never_comes_leads_to_the_run_that_may_be_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pipelines.kubeflow.session.pause", lambda _: None)
    monkeypatch.setattr("pipelines.kubeflow.session.SECONDS", 5.0)
    with serving(KfpServer()) as server:
        server.fault = lambda each: DROP if server.runs or each.path.endswith("/runs") else None
        with pytest.raises(PinionError, match="dropped the connection"):
            submit.main(flags(server))
        (run,) = server.runs.values()
        told = capsys.readouterr().err
        server.fault = lambda _: None
        assert f"--follow '{run['display_name']}'" in told
        assert submit.main(["--endpoint", server.address, "--follow", run["display_name"]]) == 0
        assert len(server.runs) == 1


def test_a_run_that_did_not_succeed_ends_the_command_with_one() -> None:
    failed = task("train", "RUNNING", "FAILED", at=3, to=9)
    executor = task(
        "executor", "RUNNING", "FAILED", at=3, to=9, child_tasks=[{"pod_name": "training-7"}]
    )
    end = look("FAILED", failed, executor)
    with serving(
        KfpServer(looks=[end], logs={"training-7": "train: error: no target\n"})
    ) as server:
        process = command(*flags(server))
        output, error = process.communicate(timeout=60)
        (run,) = server.runs.values()
    assert process.returncode == 1
    assert error.splitlines()[-1] == (
        f"pipelines.submit: error: run '{run['display_name']}' failed: step 'train' failed: no"
        " target"
    )
    assert f"/#/runs/details/{run['run_id']}" in output


def test_no_wait_starts_and_leaves(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(KfpServer(looks=[look("FAILED")])) as server:
        assert submit.main(flags(server, "--no-wait", "--run-name", "mine")) == 0
        (run,) = server.runs.values()
        assert not server.asked("GET", "/runs/.*")
    assert re.fullmatch("mine [0-9a-f]{8}", run["display_name"])
    shown = capsys.readouterr().out
    assert f"python -m pipelines.submit --follow {run['run_id']}" in shown


def test_ctrl_c_ends_the_waiting_and_not_the_run() -> None:
    with serving(KfpServer(looks=[look("RUNNING", task("train", "RUNNING"))])) as server:
        process = command(*flags(server))
        wait_until(lambda: len(server.asked("GET", "/runs/.*")) > 1)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
        (run_id,) = server.runs
        assert not server.asked("POST", "/runs/.*terminate")
        assert process.returncode == 130
        assert "Traceback" not in error
        assert (
            f"the run continues. Follow it: python -m pipelines.submit --follow {run_id}" in error
        )
        where = ["--endpoint", server.address]
        stopped = command("--stop", run_id, *where)
        assert stopped.wait(60) == 0
        assert server.asked("POST", f"/runs/{run_id}:terminate")
        followed = command("--follow", run_id, *where)
        assert followed.communicate(timeout=60)[1].splitlines()[-1].endswith("was stopped")
        assert followed.returncode == 1


@pytest.mark.parametrize(
    ("states", "told"),
    [
        (["SUCCEEDED"], "has already ended: succeeded"),
        (["RUNNING", "CANCELING", "FAILED"], "has already ended: stopped"),
        (["RUNNING", "CANCELING"], "is already being stopped"),
    ],
)
def test_a_run_that_cannot_be_stopped_says_so(
    states: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = "5f1f4a1e-0000-4000-8000-000000000001"
    with serving(KfpServer(looks=[look(*states)])) as server:
        server.runs[run_id] = {"run_id": run_id, "display_name": "mine", "looks": 0}
        assert submit.main(["--endpoint", server.address, "--stop", run_id]) == 0
    assert capsys.readouterr().out == f"run 'mine' ({run_id}) {told}\n"


def test_a_run_that_ends_while_it_is_stopped_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    run_id = "5f1f4a1e-0000-4000-8000-000000000001"
    looks = [look("RUNNING"), look("RUNNING", "FAILED")]

    def ends(request: Request) -> None:
        if request.path.endswith(":terminate"):
            server.runs[run_id].update(looks[1])

    with serving(KfpServer(looks=looks, fault=ends)) as server:
        server.runs[run_id] = {"run_id": run_id, "display_name": "mine", "looks": 0}
        assert submit.main(["--endpoint", server.address, "--stop", run_id]) == 0
    assert capsys.readouterr().out == f"run 'mine' ({run_id}) has already ended: failed\n"


def test_the_log_of_a_step_is_printed_while_it_grows() -> None:
    run_id = "5f1f4a1e-0000-4000-8000-000000000001"
    pod = "training-9-system-container-impl-7"
    node = {"id": "training-9-7", "name": "training-9.root.train.executor", "type": "Pod"}
    node |= {"templateName": "system-container-impl", "phase": "Running"}
    argo = {"metadata": {"name": "training-9"}, "status": {"nodes": {"training-9-7": node}}}
    document = PipelineFile.load(GOLDEN).document()
    kfp = KfpServer(looks=[look("RUNNING")], workflow=argo)
    kfp.logs = {pod: "train: 7 rows\ntrain: progress: fold 1 of"}
    kfp.runs[run_id] = {"run_id": run_id, "display_name": "mine", "looks": 0}
    kfp.runs[run_id]["pipeline_spec"] = document
    with serving(kfp) as server:
        process = command("--endpoint", server.address, "--follow", run_id, "--logs", "train")
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(4)]
        assert lines[3] == "train: 7 rows\n"
        node["phase"] = "Succeeded"
        kfp.logs = {node["id"]: "train: 7 rows\ntrain: progress: fold 1 of 1\ntrain: done"}
        kfp.looks = [look("SUCCEEDED")]
        output, _ = process.communicate(timeout=60)
    assert output == "train: progress: fold 1 of 1\ntrain: done\nstate      succeeded\n"


def test_the_run_of_a_schedule_is_followed_by_the_file_of_its_version(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_id = "5f1f4a1e-0000-4000-8000-000000000001"
    reference = {"pipeline_id": "p-1", "pipeline_version_id": "v-1"}
    train = task("train", "RUNNING", "SUCCEEDED", at=3, to=10)
    with serving(KfpServer(looks=[look("SUCCEEDED", train)])) as server:
        server.versions["v-1"] = reference | {
            "display_name": "1.2.3",
            "pipeline_spec": PipelineFile.load(GOLDEN).document(),
        }
        server.runs[run_id] = {"pipeline_version_reference": reference, "looks": 0}
        assert submit.main(["--endpoint", server.address, "--follow", run_id]) == 0
    assert "train: succeeded in 7.0 s" in capsys.readouterr().err


def uploaded(server: KfpServer, *more: str) -> str:
    """Upload the file of `flags` as the version 1.2.3, and return the id of the version."""
    parser = submit.build_parser()
    args = parser.parse_args(flags(server, *more))
    file, _ = with_settings(args.platform, not args.no_cache, PipelineFile.load(GOLDEN))
    api = rollout_api(server)
    return upload(api, make_pipeline(api, "training", ""), "1.2.3", file).id


def test_a_run_of_a_file_that_was_uploaded_is_one_of_that_version(
    capsys: pytest.CaptureFixture[str],
) -> None:
    looks = [look("SUCCEEDED", task("train", "RUNNING", "SUCCEEDED", at=3, to=12))]
    with serving(KfpServer(looks=looks)) as server:
        version = uploaded(server)
        assert submit.main(flags(server, "--param", "seed=7")) == 0
        (posted,) = server.asked("POST", "/runs")
        (run,) = server.runs.values()
        # The file is not in the run, but in its version.
        assert submit.main(["--endpoint", server.address, "--follow", run["run_id"]]) == 0
    assert "pipeline_spec" not in posted.body
    (pipeline,) = server.pipelines
    assert posted.body["pipeline_version_reference"] == {
        "pipeline_id": pipeline,
        "pipeline_version_id": version,
    }
    assert posted.body["runtime_config"]["parameters"]["seed"] == 7
    assert capsys.readouterr().err.count("train: succeeded in 9.0 s") == 2


@pytest.mark.parametrize("old", [False, True])
def test_a_run_is_followed_after_its_version_was_deleted(
    old: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = [look("SUCCEEDED", task("train", "RUNNING", "SUCCEEDED", at=3, to=12))]
    with serving(KfpServer(looks=looks, manifest=GOLDEN.read_text(), old=old)) as server:
        uploaded(server)
        assert submit.main(flags(server, "--no-wait")) == 0
        server.versions.clear()
        assert submit.main(["--endpoint", server.address, "--follow", *server.runs]) == 0
    shown = capsys.readouterr()
    assert ("train: succeeded in 9.0 s" in shown.err) is not old
    assert shown.out.endswith("state      succeeded\n")


def test_a_run_with_other_cluster_settings_is_of_no_version(tmp_path: Path) -> None:
    platform = tmp_path / "platform.yaml"
    platform.write_text("steps: {train: {memory: 3Gi}}\n")
    settings = ["--platform", str(platform)]
    with serving(KfpServer()) as server:
        uploaded(server, *settings)
        assert submit.main(flags(server, "--no-wait")) == 0
        assert submit.main(flags(server, "--no-wait", "--no-cache", *settings)) == 0
        assert submit.main(flags(server, "--no-wait", *settings)) == 0
        posted = server.asked("POST", "/runs")
    assert ["pipeline_spec" in each.body for each in posted] == [True, True, False]


def test_whoever_may_not_list_pipelines_can_still_run_one() -> None:
    with serving(KfpServer()) as server:
        uploaded(server)
        server.fault = lambda each: 403 if each.path.endswith("/pipelines") else None
        assert submit.main(flags(server, "--no-wait")) == 0
        (posted,) = server.asked("POST", "/runs")
    assert posted.body["pipeline_spec"]["pipeline_spec"] == PipelineFile.load(GOLDEN).document()


def test_retries_are_explained_once_for_each_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    platform = tmp_path / "platform.yaml"
    platform.write_text("steps: {train: {retries: 2}}\n")
    told = []
    with serving(KfpServer()) as one, serving(KfpServer()) as other:
        for server in (one, one, other):
            assert submit.main(flags(server, "--no-wait", "--platform", str(platform))) == 0
            told.append("retries: as KFP's own manifests" in capsys.readouterr().err)
        assert submit.main(flags(KfpServer(address=one.address), "--no-wait")) == 0
    assert told == [True, False, True]


def test_output_that_nobody_takes_is_told_beside_what_becomes_of_the_run() -> None:
    with serving(KfpServer()) as server:
        process = command(*flags(server))
        assert process.stdout
        process.stdout.close()
        process.wait(60)
        (run_id,) = server.runs
        assert process.stderr
        assert f"the run continues. Follow it: python -m pipelines.submit --follow {run_id}" in (
            process.stderr.read()
        )
    assert process.returncode == 141


def test_a_run_that_is_not_there() -> None:
    with (
        serving(KfpServer()) as server,
        pytest.raises(PinionError, match=f"{server.address} has no run 'mine 20261124-1'"),
    ):
        submit.main(["--endpoint", server.address, "--follow", "mine 20261124-1"])


def test_secrets_stay_out_of_sight() -> None:
    secret = "s3cr3t-t0ken"  # noqa: S105
    looks = [look("RUNNING"), look("FAILED")]
    with serving(KfpServer(bearer=secret, looks=looks)) as server:
        process = command(*flags(server), KFP_TOKEN=secret)
        wait_until(lambda: server.runs)
        shown = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
        output, error = process.communicate(timeout=60)
        assert server.runs
        assert all(secret not in json.dumps(each.body) for each in server.asked("POST", ".*"))
    assert secret not in shown + output + error


def test_two_at_once_are_two_runs() -> None:
    with serving(KfpServer()) as server:
        threads = [threading.Thread(target=submit.main, args=(flags(server),)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({each["display_name"] for each in server.runs.values()}) == 2
        assert len(server.experiments) == 1
