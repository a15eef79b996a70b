import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import show
from pipelines.compiled.file import PipelineFile
from pipelines.kubeflow.deployed.deployed_testing import failed, scheduled, started
from pipelines.kubeflow.deployed.webhook_testing import HIDDEN, Webhook, listening
from pipelines.kubeflow.kfp_answers_testing import scenario
from pipelines.kubeflow.kfp_server_testing import KfpServer, serving
from pipelines.system.errors import PinionError, UsageError
from pipelines.system.workspace import ROOT

THEN = PipelineFile.load(ROOT / "tests" / "golden" / "released_before" / "pipeline.yaml").document()
FAILED = "step 'preprocess' failed: --target: 'nothere' is not a column; the columns are"


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [each for each in os.environ if each.startswith(("KFP_", "PINION_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def ago(**duration: int) -> str:
    return f"{datetime.now(UTC) - timedelta(**duration):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture()
def failing() -> Iterator[KfpServer]:
    """Serve a schedule whose last run failed some minutes ago."""
    with serving(failed(scenario("step-failed"), THEN, ago(minutes=3))) as server:
        next(iter(server.recurring_runs.values()))["trigger"] = {
            "cron_schedule": {"cron": "@daily"}
        }
        yield server


@pytest.fixture()
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with listening() as found:
        monkeypatch.setenv("PINION_WEBHOOK", found.address)
        yield found


def shown(server: KfpServer, *flags: str) -> str:
    """Call the command, and return the error with which it ends, if it does."""
    try:
        show.main(["--deployed", "--endpoint", server.address, *flags])
    except UsageError as error:
        return f"wrong call: {error}"
    except PinionError as error:
        return str(error)
    return ""


def test_schedules_that_do_well_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(KfpServer()) as server:
        scheduled(server, "@daily")
        started(server, ago(minutes=3), "SUCCEEDED", ago(minutes=1))
        assert shown(server) == ""
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "schedule  training: @daily → 1.0.1, succeeded"
    assert [each.split()[0] for each in lines[1:]] == ["run", "page", "next"]


def test_a_failure_is_listed_and_ends_the_command(
    failing: KfpServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(failing) == "1 of 1 schedules need attention: training (failed)"
    printed = " ".join(capsys.readouterr().out.split())
    assert "schedule training: @daily → 1.0.1, failed run" in printed
    assert f"UTC failed: {FAILED}" in printed
    assert shown(failing, "--json") != ""
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    assert document["schedules"][0]["runs"][0]["reason"].startswith(FAILED)


def test_the_command_ends_with_1_and_one_line(failing: KfpServer) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pipelines.show", "--deployed", "--endpoint", failing.address],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr == (
        "pipelines.show: error: 1 of 1 schedules need attention: training (failed)\n"
    )


def test_each_cause_is_posted_once(failing: KfpServer, webhook: Webhook, tmp_path: Path) -> None:
    attention = "1 of 1 schedules need attention: training (failed)"
    assert [shown(failing, "--webhook") for _ in range(2)] == [attention, attention]
    (message,) = webhook.messages
    (run_id,) = failing.runs
    page = f"{failing.address}/#/runs/details/{run_id}"
    assert message["text"].startswith(f"schedule training 1.0.1 failed: {FAILED}")
    assert message["text"].endswith(page)
    assert (message["name"], message["state"], message["version"]) == (
        "training",
        "failed",
        "1.0.1",
    )
    assert message["reason"].startswith(FAILED)
    assert message["runs"][0]["page"] == page
    kept = tmp_path / "cache" / "pinion" / "told" / "deployed.json"
    assert HIDDEN not in kept.read_text()
    assert shown(failing, "--webhook", "--state", str(tmp_path / "state" / "of.json")) == attention
    assert len(webhook.messages) == 2


def test_another_run_that_failed_for_the_same_cause_is_not_posted(
    failing: KfpServer, webhook: Webhook
) -> None:
    shown(failing, "--webhook")
    recorded = scenario("step-failed")
    run = failing.runs[recorded.id]
    again = "11111111-1111-4111-8111-111111111111"
    failing.runs[again] = {**run, "run_id": again, "created_at": ago(minutes=1)}
    failing.logs = {
        node: text.replace("23 more", "24 more") for node, text in recorded.logs.items()
    }
    assert "training (failed)" in shown(failing, "--webhook")
    assert len(webhook.messages) == 1
    failing.logs = {
        node: text.replace("nothere", "somewhere") for node, text in recorded.logs.items()
    }
    shown(failing, "--webhook")
    assert "'somewhere' is not a column" in webhook.messages[1]["reason"]


def test_a_cause_that_returns_is_posted_again(failing: KfpServer, webhook: Webhook) -> None:
    shown(failing, "--webhook")
    good = started(failing, ago(minutes=1), "SUCCEEDED", ago(minutes=1))
    assert shown(failing, "--webhook") == ""
    del failing.runs[good["run_id"]]
    shown(failing, "--webhook")
    assert [each["state"] for each in webhook.messages] == ["failed", "failed"]


def test_a_cluster_that_does_not_answer_is_posted(
    failing: KfpServer, webhook: Webhook, tmp_path: Path
) -> None:
    shown(failing, "--webhook")
    failing.fault = lambda _: 401
    told = [shown(failing, "--webhook") for _ in range(2)]
    assert "requires a login (401)" in told[0]
    assert [each["state"] for each in webhook.messages] == ["failed", "unknown"]
    assert webhook.messages[1]["text"] == f"schedules unknown: {told[0]}"
    webhook.status = 404
    failing.fault = lambda _: 403
    both = shown(failing, "--webhook")
    assert re.search(
        r"denied the request \(403\).*; the webhook in PINION_WEBHOOK answered 404", both
    )
    failing.fault = lambda _: None
    # The schedule still fails for the same cause.
    shown(failing, "--webhook")
    assert len(webhook.messages) == 2


def test_a_schedule_that_is_gone_is_posted(failing: KfpServer, webhook: Webhook) -> None:
    with pytest.raises(PinionError, match="has no schedule 'churn'"):
        show.main(["--deployed", "churn", "--endpoint", failing.address, "--webhook"])
    assert "has no schedule 'churn'" in webhook.messages[0]["reason"]


def test_slack_finds_no_markup_in_a_message(webhook: Webhook) -> None:
    logs = {
        "training-fsfjx-614836845": "register: error: the model m-1 did not pass its evaluation:"
        " accuracy of a&b is 0.956, must be >= 0.97\n"
    }
    recorded = replace(scenario("gate-refused-in-register"), logs=logs)
    with serving(failed(recorded, THEN, ago(minutes=3))) as server:
        assert "training (refused)" in shown(server, "--webhook")
    (message,) = webhook.messages
    assert "accuracy of a&amp;b is 0.956, must be &gt;= 0.97" in message["text"]
    assert message["reason"].endswith("accuracy of a&b is 0.956, must be >= 0.97")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        pytest.param(404, "answered 404; is the address still valid?", id="gone"),
        pytest.param(500, "answered 500;", id="broken"),
        pytest.param(307, "answered 307;", id="redirect"),
    ],
)
def test_a_webhook_that_fails_is_one_line_and_asked_again(
    status: int,
    error: str,
    failing: KfpServer,
    webhook: Webhook,
    capsys: pytest.CaptureFixture[str],
) -> None:
    webhook.status = status
    told = shown(failing, "--webhook")
    assert told.startswith(f"the webhook in PINION_WEBHOOK {error}")
    printed = capsys.readouterr()
    assert "→ 1.0.1, failed" in printed.out
    webhook.status = 200
    shown(failing, "--webhook")
    assert len(webhook.messages) == 1
    assert HIDDEN not in told + printed.out + printed.err


def test_a_webhook_that_cannot_be_reached_keeps_its_address(
    failing: KfpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in (f"http://127.0.0.1:1/{HIDDEN}", f"http://nowhere.invalid/{HIDDEN}"):
        monkeypatch.setenv("PINION_WEBHOOK", address)
        told = shown(failing, "--webhook")
        assert told.startswith("the webhook in PINION_WEBHOOK cannot be reached (")
        assert HIDDEN not in told


def test_a_state_that_cannot_be_kept_is_said(
    failing: KfpServer, webhook: Webhook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    state = tmp_path / "file" / "state.json"
    assert "training (failed)" in shown(failing, "--webhook", "--state", str(state))
    assert "so the same message is posted the next time" in capsys.readouterr().err
    assert len(webhook.messages) == 1


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', "{"])
def test_a_file_that_is_not_a_state_is_refused(
    text: str, failing: KfpServer, webhook: Webhook, tmp_path: Path
) -> None:
    state = tmp_path / "notes.txt"
    state.write_text(text)
    told = shown(failing, "--webhook", "--state", str(state))
    assert told == (
        f"{state} is not a file that --webhook wrote; delete it, or name another with --state"
    )
    assert state.read_text() == text


@pytest.mark.parametrize(
    ("address", "flags", "error"),
    [
        pytest.param(
            "",
            ["--webhook"],
            "--webhook needs the address to post to in PINION_WEBHOOK",
            id="unset",
        ),
        pytest.param(
            f"ftp://host/{HIDDEN}", ["--webhook"], "PINION_WEBHOOK is not an address that", id="ftp"
        ),
        pytest.param(HIDDEN, ["--webhook"], "PINION_WEBHOOK is not an address", id="no scheme"),
        pytest.param("", ["--state", "s"], "--state has no effect without --webhook", id="state"),
        pytest.param(
            "",
            ["--mlflow-tracking-uri", "http://m"],
            "--mlflow-tracking-uri: no effect with --deployed; leave it out",
            id="tracking",
        ),
    ],
)
def test_a_wrong_call_is_refused(
    address: str, flags: list[str], error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINION_WEBHOOK", address)
    told = shown(KfpServer(address="http://127.0.0.1:1"), *flags)
    assert told.startswith(f"wrong call: {error}")
    assert HIDDEN not in told


def test_the_flags_are_of_what_is_deployed() -> None:
    with pytest.raises(UsageError) as refused:
        show.main(["pinion-model", "--json", "--time-zone", "UTC", "--namespace", "a"])
    assert str(refused.value) == (
        "--json, --time-zone, --namespace: no effect without --deployed; leave it out"
    )
    with pytest.raises(UsageError, match="give either a MODEL, --containing PACKAGE or --deployed"):
        show.main(["pinion-model", "--deployed"])
