"""MLflow runs that were left RUNNING are ended once nothing owns them any more."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus

from pipelines.models.store_testing import made_store
from pipelines.runner.task.backend import MARKS
from pipelines.runner.unfinished import ended
from pipelines.system.errors import PinionError

HOLDER = """
import sys, time
from pathlib import Path
from pipelines.runner.unfinished import ended
with ended(Path(sys.argv[1]), sys.argv[2]):
    print(flush=True)
    time.sleep(600)
"""


@pytest.fixture()
def uri(tmp_path: Path) -> str:
    return made_store(tmp_path)


def begun(uri: str, pipeline_run: str) -> str:
    """Create an MLflow run as `train` does."""
    client = MlflowClient(uri)
    return client.create_run("0", tags={"pinion.pipeline_run": pipeline_run}).info.run_id


def status(uri: str, run_id: str) -> tuple[str, str | None]:
    run = MlflowClient(uri).get_run(run_id)
    return run.info.status, run.data.tags.get("pinion.note")


def holder(folder: Path, uri: str) -> "subprocess.Popen[bytes]":
    """Start a runner in another process, and return once it holds its mark."""
    command = [sys.executable, "-c", HOLDER, str(folder), uri]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout
    assert process.stdout.readline() == b"\n"
    return process


def test_a_run_that_fails_ends_its_own(tmp_path: Path, uri: str) -> None:
    own, other = begun(uri, "fails"), begun(uri, "another")

    def fail() -> None:
        raise PinionError("the disk is full")

    with pytest.raises(PinionError), ended(tmp_path / "fails", uri):
        fail()
    assert status(uri, own) == ("KILLED", "the disk is full")
    assert status(uri, other) == ("RUNNING", None)
    assert list((tmp_path / MARKS).iterdir()) == []


@pytest.mark.parametrize("run", ["RUNNING", "FAILED"])
def test_a_run_that_fails_ends_its_models_too(tmp_path: Path, uri: str, run: str) -> None:
    client, own = MlflowClient(uri), begun(uri, "fails")
    begins, ready = (client.create_logged_model("0", each, own).model_id for each in "ab")
    client.finalize_logged_model(ready, LoggedModelStatus.READY)
    if run == "FAILED":
        client.set_terminated(own, run)

    def fail() -> None:
        raise PinionError("the network is gone")

    with pytest.raises(PinionError), ended(tmp_path / "fails", uri):
        fail()
    assert client.get_logged_model(begins).status == LoggedModelStatus.FAILED
    assert client.get_logged_model(ready).status == LoggedModelStatus.READY
    expected = ("KILLED", "the network is gone") if run == "RUNNING" else ("FAILED", None)
    assert status(uri, own) == expected


def test_what_a_killed_runner_left_is_ended_by_the_next_and_a_living_ones_is_not(
    tmp_path: Path, uri: str
) -> None:
    killed, living = holder(tmp_path / "killed", uri), holder(tmp_path / "living", uri)
    left, kept = begun(uri, "killed"), begun(uri, "living")
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    try:
        with ended(tmp_path / "next", uri):
            pass
        assert status(uri, left)[0] == "KILLED"
        assert "was killed" in (status(uri, left)[1] or "")
        assert status(uri, kept) == ("RUNNING", None)
        assert [mark.name for mark in (tmp_path / MARKS).iterdir()] == ["living"]
    finally:
        living.kill()
        living.wait()


@pytest.mark.parametrize("where", ["machine", "store"])
def test_what_another_machine_or_store_has_is_left_to_them(
    tmp_path: Path, uri: str, where: str
) -> None:
    killed = holder(tmp_path / "killed", uri)
    killed.kill()
    killed.wait()
    left, mark = begun(uri, "killed"), tmp_path / MARKS / "killed"
    machine, address = json.loads(mark.read_text())
    theirs = ["elsewhere", address] if where == "machine" else [machine, "http://elsewhere"]
    mark.write_text(json.dumps(theirs))
    with ended(tmp_path / "next", uri):
        pass
    assert status(uri, left) == ("RUNNING", None)
    assert mark.exists()


def test_what_mlflow_could_not_be_told_is_told_by_the_next(tmp_path: Path, uri: str) -> None:
    left, database = begun(uri, "fails"), tmp_path / "mlflow.db"

    def fail() -> None:
        database.rename(tmp_path / "away")
        database.write_text("a text, which is not a database" * 9)
        raise PinionError("it cannot be read")

    with pytest.raises(PinionError), ended(tmp_path / "fails", uri):
        fail()
    (tmp_path / "away").rename(database)
    assert status(uri, left) == ("RUNNING", None)
    with ended(tmp_path / "next", uri):
        pass
    assert status(uri, left)[0] == "KILLED"


def test_a_run_that_ends_before_there_is_a_store_leaves_no_mark(tmp_path: Path) -> None:
    def fail() -> None:
        raise PinionError("there is no such table")

    with pytest.raises(PinionError), ended(tmp_path / "fails", f"sqlite:///{tmp_path}/mlflow.db"):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == [MARKS]
    assert list((tmp_path / MARKS).iterdir()) == []


def test_a_mark_holds_no_password(tmp_path: Path) -> None:
    with ended(tmp_path / "run", "http://user:geheim@host/path"):
        assert "geheim" not in (tmp_path / MARKS / "run").read_text()


def test_mlflow_is_not_imported_where_nothing_was_left(tmp_path: Path, uri: str) -> None:
    code = HOLDER.replace("time.sleep(600)", "assert 'mlflow' not in sys.modules")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, str(tmp_path / "run"), uri]
    subprocess.run(command, check=True, env=environment)
