"""Follow every run that was recorded from a real KFP, to its exact last lines."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipelines import submit
from pipelines.compiled.file import PipelineFile
from pipelines.kubeflow.kfp_answers_testing import Scenario, answers_of, scenario
from pipelines.kubeflow.kfp_server_testing import (
    LOSE,
    KfpServer,
    Page,
    Request,
    look,
    served,
    serving,
    task,
)
from pipelines.kubeflow.platform.apply import apply
from pipelines.kubeflow.platform.platform_testing import loaded
from pipelines.system.errors import PinionError
from pipelines.system.workspace import ROOT

# The runs were recorded when the pipeline had these five steps.
THEN = PipelineFile.load(ROOT / "tests" / "golden" / "released_before" / "pipeline.yaml")
RAN = {
    "pull-data": "succeeded in 10.0 s",
    "preprocess": "succeeded in 10.0 s",
    "train": "succeeded in 20.0 s",
    "evaluate": "succeeded in 10.0 s",
    "register": "succeeded in 10.0 s",
}
BEHIND = "skipped (an earlier step failed)"
STOPPED = "skipped (the run was stopped)"

ENDS: dict[str, tuple[Mapping[str, str], str]] = {
    "succeeded": (
        RAN | {"preprocess": "succeeded in 11.0 s", "evaluate": "succeeded in 30.0 s"},
        "",
    ),
    "cached": (dict.fromkeys(RAN, "cached"), ""),
    "condition-false": (RAN | {"register": "skipped (its condition is false)"}, ""),
    "gate-refused-in-register": (
        RAN | {"evaluate": "succeeded in 41.0 s", "register": "failed in 10.0 s"},
        "run 'training 1.0.1 20261130-035405-f43237' failed: step 'register' failed: the model m-1"
        " did not pass its evaluation: accuracy is 0.956, must be >= 0.97",
    ),
    "step-failed": (
        RAN
        | {"preprocess": "failed in 10.0 s"}
        | dict.fromkeys(("train", "evaluate", "register"), BEHIND),
        "run 'training 1.0.1 20261130-035954-c65c36' failed: step 'preprocess' failed: --target:"
        " 'nothere' is not a column; the columns are 'worst texture', 'mean radius', 'mean"
        " texture', 'mean perimeter', 'mean area', 'mean smoothness', 'mean compactness', 'mean"
        " concavity' and 23 more",
    ),
    "driver-failed": (
        RAN | {"train": "failed in 10.0 s"} | dict.fromkeys(("evaluate", "register"), BEHIND),
        "run 'training 1.0.0 20261130-040540-4d0488' failed: step 'train' failed: KFP's driver"
        " could not prepare it: failed to resolve container args: failed to resolve input"
        ' parameters: parameter "cv_folds" not found in executor input; it does not fill in'
        " defaults: compile the pipeline again, or make a release",
    ),
    "out-of-memory": (
        RAN | {"train": "failed in 10.0 s"} | dict.fromkeys(("evaluate", "register"), BEHIND),
        "run 'training 1.0.1 20261130-041534-1a1de1' failed: step 'train' failed: killed, because"
        " it needs more than its memory limit of 120Mi; raise steps.train.memory in the platform"
        " file",
    ),
    "pod-invalid-retried": (
        {"pull-data": "failed (81 attempts) in 91.0 s"}
        | dict.fromkeys(("preprocess", "train", "evaluate", "register"), BEHIND),
        "run 'training 1.0.1 20261130-044956-f94ff2' failed: step 'pull-data' failed after 81"
        " attempts: its pod cannot be made: KFP (its MLflow plugin, if that is on) also sets"
        " MLFLOW_TRACKING_URI of the platform file; remove it from secrets and config_maps there",
    ),
    "terminated": (
        {"pull-data": "succeeded in 10.0 s", "preprocess": "canceled in 10.0 s"}
        | dict.fromkeys(("train", "evaluate", "register"), STOPPED),
        "run 'training 1.0.1 20261130-035954-70d6db' was stopped",
    ),
}
# The logs of this run were not recorded: those of its steps, between the launcher's lines.
REFUSED = {
    "training-fsfjx-614836845": "register: error: the model m-1 did not pass its evaluation:"
    " accuracy is 0.956, must be >= 0.97\n",
    "training-fsfjx-4180048781": "metric    value  demand   passed\n"
    "accuracy  0.956  >= 0.97  FAIL\n"
    "evaluation failed: 0 of 1 check passed on 114 test rows\n",
}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.kubeflow.session.pause", lambda _: None)


def document(folder: Path) -> dict[str, Any]:
    """Return the pipeline file with the settings of the recorded runs."""
    settings = (
        "defaults: {config_maps: {mlflow: {MLFLOW_TRACKING_URI: uri}}}\n"
        "steps: {train: {memory: 120Mi}}\n"
    )
    return apply(loaded(folder, settings), THEN).document()


def between_lines_of_the_launcher(text: str) -> str:
    """Return a log in which a step printed this."""
    begin, _, end = (
        scenario("step-failed").logs["training-c2zvz-352712250"].partition("preprocess: error")
    )
    return begin + text + end.partition("\n")[2]


def recorded(name: str) -> Scenario:
    """Return a recorded run, with the logs that belong to it."""
    found = scenario(name)
    refused = {node: between_lines_of_the_launcher(text) for node, text in REFUSED.items()}
    return Scenario(found.id, found.name, found.looks, found.workflow, {**found.logs, **refused})


def follow(server: KfpServer, *flags: str) -> str:
    """Follow the run of a server, and return the error with which that ends, if it does."""
    (run_id,) = server.runs
    with serving(server):
        try:
            submit.main(["--endpoint", server.address, "--follow", run_id, *flags])
        except PinionError as error:
            return str(error) if error.exit_code == 1 else f"wrong call: {error}"
    return ""


def last_states(progress: str) -> dict[str, str]:
    """Return the last line about each step."""
    lines = [line[9:].split(": ", 1) for line in progress.splitlines()]
    return {line[0]: line[1] for line in lines}


def test_every_recorded_run_is_followed() -> None:
    assert sorted(ENDS) == answers_of()


@pytest.mark.parametrize("name", ENDS)
def test_a_run_ends_with_the_states_of_its_steps_and_a_reason(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    states, error = ENDS[name]
    assert follow(served(recorded(name), document(tmp_path))) == error
    shown = capsys.readouterr()
    assert last_states(shown.err) == states
    last = shown.out.splitlines()[-1]
    assert last == "state      succeeded" if not error else "state" not in last


def test_a_refused_gate_prints_its_checks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert follow(served(recorded("gate-refused-in-register"), document(tmp_path)))
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "metric    value  demand   passed",
        "accuracy  0.956  >= 0.97  FAIL",
        "evaluation failed: 0 of 1 check passed on 114 test rows",
    ]


def argos(workflow: str, *places: str) -> dict[str, Any]:
    """Return Argo's account of a run that has these pods; the last one failed."""
    nodes = {
        f"{workflow}-{number}": {
            "id": f"{workflow}-{number}",
            "name": f"{workflow}.root.{place}",
            "type": "Pod",
            "phase": "Failed" if place == places[-1] else "Succeeded",
        }
        for number, place in enumerate(places)
    }
    return {"metadata": {"name": workflow}, "status": {"nodes": nodes}}


@pytest.mark.parametrize("kept", [True, False])
def test_a_gate_that_was_cached_prints_the_checks_of_the_run_that_made_it(
    kept: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = "aea43a60-3d16-46c8-96f9-aa6cea3e7418"
    table, refused = REFUSED["training-fsfjx-4180048781"], REFUSED["training-fsfjx-614836845"]
    address = f'"uri": "minio://mlpipeline/v2/artifacts/training/{earlier}/evaluate/7/result"\n'
    logs = {"now-0": address, "now-1": refused, "then-1": table}

    def made_in(request: Request) -> Page | None:
        if not request.path.endswith(f"/apis/v1beta1/runs/{earlier}"):
            return None
        argo = argos("then", "train.executor", "evaluate.executor")
        manifest = {"pipeline_runtime": {"workflow_manifest": json.dumps(argo)}}
        return Page(200 if kept else 404, json.dumps(manifest))

    now = argos("now", "register-driver", "register.executor")
    looks = [look("FAILED", task("register", "RUNNING", "FAILED", at=3, to=9))]
    found = recorded("gate-refused-in-register")
    run = Scenario(found.id, found.name, looks, now, logs)
    assert follow(served(run, document(tmp_path), pages=made_in)).endswith("must be >= 0.97")
    shown = capsys.readouterr().out
    assert shown.endswith(table) is kept
    assert ("FAIL" in shown) is kept


GIVEN = (
    "I1130 04:06:32.740437      15 main.go:618] output ExecutorInput:{\n"
    '  "inputs": {"parameterValues": {"pipelinechannel--decide-retrain": false,\n'
    '    "pipelinechannel--decide-why":  "no_drift max psi=0.04"}}\n}\n'
)


@pytest.mark.parametrize(
    ("places", "logs", "line"),
    [
        pytest.param(
            ["resolve.executor", "decide.executor"],
            {
                "now-0": "champion: tumour/3@m-08\nexpired: true\n",
                "now-1": "retrain: false\nwhy: same_data, max_age passed\n",
            },
            "same data, parameters and release as tumour/3; max_age has passed, but the model would"
            " be the same",
            id="by its own log",
        ),
        pytest.param(
            ["resolve.executor", "decide-driver", "condition-1-driver"],
            {"now-0": "champion: tumour/3@m-08\n", "now-2": GIVEN},
            "no drift from the data of tumour/3 (max psi=0.04)",
            id="cached",
        ),
        pytest.param(["resolve.executor"], {}, "the log of decide says why", id="without logs"),
    ],
)
def test_a_run_that_trained_nothing_says_why(
    places: list[str],
    logs: dict[str, str],
    line: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    begun = ("resolve", "pull-data", "preprocess", "decide")
    tasks = [task(name, "RUNNING", "SUCCEEDED", at=3, to=9) for name in begun]
    skipped = task("condition-1", "SKIPPED", at=9, to=9)
    found = recorded("succeeded")
    argo = argos("now", *places)
    logs = {node: between_lines_of_the_launcher(text) for node, text in logs.items()}
    looks = [look("SUCCEEDED", *tasks, skipped)]
    now = PipelineFile.load(ROOT / "tests" / "golden" / "training.yaml").document()
    run = Scenario(found.id, found.name, looks, argo, logs)
    assert follow(served(run, now)) == ""
    shown = capsys.readouterr()
    assert shown.out.splitlines()[-2:] == ["state      succeeded", f"not retrained: {line}"]
    states = last_states(shown.err)
    assert {states[each] for each in ("train", "evaluate", "register")} == {
        "skipped (its condition is false)"
    }


@pytest.mark.parametrize("name", ["driver-failed", "step-failed"])
def test_the_reason_is_found_without_argos_account(name: str, tmp_path: Path) -> None:
    server = served(recorded(name), document(tmp_path))
    server.workflow = None
    assert follow(server) == ENDS[name][1]


@pytest.mark.parametrize("name", ["out-of-memory", "step-failed", "gate-refused-in-register"])
def test_a_server_without_logs_leads_to_the_log(name: str, tmp_path: Path) -> None:
    server = served(recorded(name), document(tmp_path), old=True)
    told = follow(server)
    (run_id,) = server.runs
    assert told.endswith(
        "failed: KFP does not give its log; see kubectl logs -n kubeflow"
        f" -l pipeline/runid={run_id} -c main --prefix --tail=-1"
    )


def test_a_server_that_is_silent_about_logs_is_asked_once(tmp_path: Path) -> None:
    server = served(
        recorded("step-failed"),
        document(tmp_path),
        fault=lambda each: LOSE if each.path.endswith("/log") else None,
    )
    assert follow(server).endswith(
        "step 'preprocess' failed: KFP does not give its log; see kubectl logs -n kubeflow"
        " training-c2zvz-system-container-impl-352712250 -c main"
    )
    assert len([each for each in server.requests if "/log" in each.path]) == 1


def test_a_failure_is_named_before_kfp_reports_the_task(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = recorded("step-failed")
    late = found.looks[-2] | {"state": "FAILED", "state_history": [{"state": "FAILED"}]}
    server = served(
        Scenario(found.id, found.name, [late], found.workflow, found.logs), document(tmp_path)
    )
    assert follow(server) == ENDS["step-failed"][1]
    assert last_states(capsys.readouterr().err)["preprocess"].startswith("failed in ")


def test_a_step_that_the_kernel_killed_points_at_its_memory(tmp_path: Path) -> None:
    server = served(recorded("out-of-memory"), document(tmp_path))
    server.workflow = None
    assert follow(server).endswith(
        "step 'train' failed: killed, probably because it needs more than its memory limit of"
        " 120Mi; raise steps.train.memory in the platform file"
    )


def test_a_log_comes_from_the_dashboard_if_that_hides_the_api(tmp_path: Path) -> None:
    found = recorded("step-failed")
    asked = []

    def dashboard(request: Request) -> Page | None:
        if "/apis/v1alpha1/" in request.path:
            return Page(404, "<!DOCTYPE html>\nCannot GET")
        if request.path != "/k8s/pod/logs":
            return None
        asked.append(dict(request.query))
        named = request.query["podname"] == "training-c2zvz-system-container-impl-352712250"
        text = found.logs["training-c2zvz-352712250"]
        return Page(200, text) if named else Page(500, "Could not get main container logs")

    server = served(found, document(tmp_path), pages=dashboard)
    assert follow(server) == ENDS["step-failed"][1]
    assert {each["podnamespace"] for each in asked} == {"kubeflow"}


@pytest.mark.parametrize(
    ("name", "step", "printed"),
    [
        pytest.param("step-failed", [], "preprocess: error: --target: 'nothere'", id="failed"),
        pytest.param(
            "step-failed", ["preprocess"], "preprocess: error: --target: 'nothere'", id="named"
        ),
        pytest.param(
            "gate-refused-in-register", ["register"], "register: error: the model m-1", id="guessed"
        ),
    ],
)
def test_the_log_of_a_step_is_its_own_lines(
    name: str, step: list[str], printed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert follow(served(recorded(name), document(tmp_path)), "--logs", *step) == ENDS[name][1]
    lines = capsys.readouterr().out.splitlines()[3:]
    assert lines[0].startswith(printed)
    assert not any("launcher_v2.go" in line for line in lines)


def test_the_log_is_found_if_argo_retries_nothing(tmp_path: Path) -> None:
    found = recorded("step-failed")
    failed = task("train", "RUNNING", "FAILED", at=3, to=9)
    failed |= {"child_tasks": [{"pod_name": "n-1"}, {"pod_name": "n-2"}]}
    looks = [look("FAILED", failed, task("executor", "RUNNING", "FAILED", at=3, to=9))]
    logs = {"n-1": "train: error: no target\n"}
    server = served(Scenario(found.id, found.name, looks, None, logs), document(tmp_path))
    assert follow(server) == f"run '{found.name}' failed: step 'train' failed: no target"


def test_a_driver_of_the_run_itself_has_a_reason(tmp_path: Path) -> None:
    found = recorded("driver-failed")
    driver = task("root-driver", "RUNNING", "FAILED", at=1, to=4, child_tasks=[{"pod_name": "n-1"}])
    log = found.logs["training-827hp-817876385"]
    server = served(
        Scenario(found.id, found.name, [look("FAILED", driver)], None, {"n-1": log}),
        document(tmp_path),
    )
    assert follow(server).startswith(
        f"run '{found.name}' failed: KFP's driver of 'root' failed: failed to resolve"
    )


def test_a_workflow_that_fails_as_a_whole_has_a_reason(tmp_path: Path) -> None:
    found = recorded("step-failed")
    argo = {
        "metadata": {"name": "training-1", "namespace": "team-a"},
        "status": {"message": "invalid spec: templates.root.tasks.train: not found"},
    }
    server = served(Scenario(found.id, found.name, [look("FAILED")], argo, {}), document(tmp_path))
    assert follow(server) == (
        f"run '{found.name}' failed: Argo says: invalid spec: templates.root.tasks.train: not found"
    )


def test_the_items_of_a_loop_have_their_own_reasons(tmp_path: Path) -> None:
    tasks = [
        task("train", "RUNNING", "FAILED", at=2, to=8 + number, task_id=f"t{number}")
        for number in range(2)
    ]
    nodes = {
        f"n-{number}": {
            "id": f"n-{number}",
            "name": f"training-1.root.iterations({number}:{number}).train.executor",
            "type": "Pod",
            "phase": "Failed",
            "message": message,
        }
        for number, message in enumerate(["main: OOMKilled (exit code 137)", "pod deleted"])
    }
    argo = {"metadata": {"name": "training-1"}, "status": {"nodes": nodes}}
    found = recorded("step-failed")
    looks = [look("FAILED", *tasks)]
    told = follow(served(Scenario(found.id, found.name, looks, argo, {}), document(tmp_path)))
    assert "step 'train' failed: its pod was deleted" in told
    assert "step 'train.1' failed: killed, because" in told


def test_a_cached_step_has_no_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert follow(served(recorded("cached"), document(tmp_path)), "--logs", "train") == ""
    assert "step 'train' has no log in this run" in capsys.readouterr().err.splitlines()[-1]


def test_a_log_of_a_step_that_is_not_there(tmp_path: Path) -> None:
    server = served(recorded("cached"), document(tmp_path))
    with serving(server), pytest.raises(PinionError) as refused:
        submit.main(["--endpoint", server.address, "--follow", *server.runs, "--logs", "tune"])
    assert str(refused.value) == (
        "--logs: the pipeline has no step 'tune'; its steps are pull-data, preprocess, train,"
        " evaluate, register"
    )
    assert refused.value.exit_code == 2
