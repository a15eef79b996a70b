"""What `pipelines.ui` refuses; what it shows is in tests/build/ui_test.py."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from pipelines.models.store_testing import made_store
from pipelines.system.errors import PinionError
from pipelines.ui import main


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of runs with two experiments, each with a run, the last in `churn`."""
    folder = tmp_path_factory.mktemp("runs")
    uri = made_store(folder)
    client = MlflowClient(uri, uri)
    for start, name in enumerate(("other", "churn")):
        experiment = client.create_experiment(name)
        client.create_run(experiment, start_time=1000 + start)
    return folder


@pytest.fixture(autouse=True)
def _no_store_of_an_earlier_call(monkeypatch: pytest.MonkeyPatch) -> None:
    # MLflow sets it once it is given a store.
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def refusal(*arguments: object) -> str:
    with pytest.raises(PinionError) as refused:
        main([str(each) for each in arguments])
    return str(refused.value)


def test_a_store_that_is_not_there_yet_says_what_makes_it(tmp_path: Path) -> None:
    assert refusal("--output", tmp_path) == (
        f"there is no MLflow store {tmp_path}/mlflow.db yet; make one with a run (make run), or"
        " name another folder (--output) or server (MLFLOW_TRACKING_URI)"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_store_without_a_run_says_what_makes_one(tmp_path: Path) -> None:
    uri = made_store(tmp_path)
    assert refusal("--output", tmp_path, "--port", 0) == (
        f"{uri} has no run of a pipeline yet; make one first (make run)"
    )


def test_an_unknown_experiment_names_those_that_there_are(runs: Path) -> None:
    said = refusal("--output", runs, "--experiment", "chrun", "--port", 0)
    assert said.endswith("mlflow.db has no experiment 'chrun'; it has Default, churn, other")


def test_what_is_no_store_is_told(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("a text, and a long one, that is no database\n" * 9)
    assert "cannot be opened: file is not a database" in refusal("--output", tmp_path, "--port", 0)


def test_a_server_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    said = refusal("--mlflow-tracking-uri", "http://ada:secret@127.0.0.1:9")
    assert said.startswith("MLflow at http://127.0.0.1:9 does not answer")
