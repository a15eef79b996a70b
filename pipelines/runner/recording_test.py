import fcntl
import json
import socket
from pathlib import Path

import pytest

from pipelines.compiled.graph import Pipeline
from pipelines.compiled.parameters import complete
from pipelines.console.progress import Progress
from pipelines.pages.pages_testing import RUN, record
from pipelines.pages.record import RunRecord, StepRecord, load
from pipelines.runner.recording import mark_killed, recorder
from pipelines.runner.task.backend import MARKS
from pipelines.system.workspace import ROOT

GOLDEN = ROOT / "tests" / "golden" / "training.yaml"


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    made = tmp_path / RUN
    made.mkdir()
    (tmp_path / MARKS).mkdir()
    return made


def recorded(folder: Path) -> RunRecord:
    found = load(folder)
    assert found is not None
    return found


def test_the_steps_of_the_training_pipeline_have_what_they_come_after(folder: Path) -> None:
    pipeline = Pipeline.load(GOLDEN)
    given = complete(pipeline.parameters, {"seed": 7, "source": "s3://key:pw@bucket/t.csv"})
    progress = Progress([], quiet=True)
    what = ("1.0.0", "docker")
    with recorder(pipeline, what, given, folder, "http://me:pw@mlflow:5000", progress).recorded():
        run = recorded(folder)
    steps = {each.name: each for each in run.steps}
    assert set(steps["evaluate"].after) >= {"preprocess", "train"}
    # It waits for the condition, too, which `decide` answers.
    assert set(steps["train"].after) >= {"decide", "preprocess"}
    assert ["train_data", "preprocess", "train_data"] in steps["train"].inputs
    assert ["model", "train", "trained_model"] in steps["register"].inputs
    assert run.changed == {"seed": 42, "source": "sample:breast_cancer"}
    assert (run.what, run.runner, run.mlflow) == ("1.0.0", "docker", "http://mlflow:5000")
    files = [path.read_text() for path in folder.iterdir() if path.is_file()]
    assert len(files) == 2
    assert not any("pw@" in text for text in files)


def begun(folder: Path) -> None:
    """Write what a run leaves that does not come to its end."""
    train = StepRecord("train", state="running", began=1000.0)
    record(train, StepRecord("evaluate", ["train"])).save(folder)


def test_a_run_whose_runner_is_gone_was_killed(folder: Path) -> None:
    begun(folder)
    made = folder / recorded(folder).steps[0].name
    made.mkdir()
    (made / "model_uri.txt").write_text("models:/price/4")
    mark_killed(folder.parent)
    run = recorded(folder)
    assert run.model == "models:/price/4"
    assert (run.state, run.steps[0].state, run.steps[1].state) == ("killed", "killed", "skipped")
    assert "what had succeeded is cached" in (folder / "index.html").read_text()


def test_a_mark_whose_lock_is_free_is_of_a_runner_that_is_gone(folder: Path) -> None:
    begun(folder)
    mark = folder.parent / MARKS / RUN
    mark.write_text(json.dumps([socket.gethostname(), "sqlite"]))
    mark_killed(folder.parent)
    assert recorded(folder).state == "killed"


@pytest.mark.parametrize("host", [None, "another-machine"])
def test_a_run_that_may_go_on_is_left_alone(host: str | None, folder: Path) -> None:
    begun(folder)
    mark = folder.parent / MARKS / RUN
    mark.write_text(json.dumps([host or socket.gethostname(), "sqlite"]))
    with mark.open() as lock:
        if host is None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        mark_killed(folder.parent)
    assert recorded(folder).state == "running"


def test_a_run_that_ends_while_it_is_looked_at_was_not_killed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(folder: Path) -> bool:
        record(state="succeeded", ended=1001.0).save(folder)
        return False

    begun(folder)
    monkeypatch.setattr("pipelines.runner.recording.goes_on", ends)
    mark_killed(folder.parent)
    assert recorded(folder).state == "succeeded"


def test_a_run_that_ended_is_left_alone(folder: Path) -> None:
    record(state="failed", ended=1001.0).save(folder)
    mark_killed(folder.parent)
    assert recorded(folder).state == "failed"
