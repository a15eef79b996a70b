import multiprocessing
from pathlib import Path

import pytest
from mlflow import MlflowClient

from pipelines.models.store import local_store
from pipelines.models.store_testing import made_store
from pipelines.system.errors import PinionError


def log_a_run(folder: Path, number: int) -> None:
    client = MlflowClient(local_store(folder))
    run = client.create_run("0")
    client.log_metric(run.info.run_id, "number", number)
    client.set_terminated(run.info.run_id)


def test_several_processes_can_create_the_store_at_once(tmp_path: Path) -> None:
    # They fork from a process that has only done the imports, which take the longest.
    split = multiprocessing.get_context("forkserver")
    split.set_forkserver_preload([__name__, "mlflow.store.tracking.sqlalchemy_store"])
    processes = [split.Process(target=log_a_run, args=(tmp_path / "runs", n)) for n in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    runs = MlflowClient(local_store(tmp_path / "runs")).search_runs(["0"])
    assert sorted(run.data.metrics["number"] for run in runs) == [0, 1, 2, 3]


def test_artifacts_are_beside_the_database(tmp_path: Path) -> None:
    client = MlflowClient(local_store(tmp_path / "runs"))
    assert (
        client.get_experiment("0").artifact_location
        == f"{(tmp_path / 'runs/artifacts').as_uri()}/0"
    )
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        ".mlflow.lock",
        "mlflow.db",
    ]


def test_the_remains_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".mlflow.x7").mkdir()
    (tmp_path / ".mlflow.x7" / "mlflow.db").write_text("half")
    local_store(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".mlflow.lock", "mlflow.db"]


def test_a_file_that_is_not_a_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("not a database, and long enough to be read as one" * 3)
    with pytest.raises(PinionError, match=r"mlflow\.db cannot be opened: file is not a database"):
        local_store(tmp_path)


@pytest.mark.parametrize("name", ["what?", "a%20b"])
def test_a_path_that_mlflow_would_misread_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PinionError, match=r"the MLflow store cannot be in .*(what\?|a%20b): "):
        local_store(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_percent_sign_by_itself_is_part_of_a_path(tmp_path: Path) -> None:
    client = MlflowClient(local_store(tmp_path / "100% #1"))
    assert client.get_experiment("0").name == "Default"
    assert (tmp_path / "100% #1" / "mlflow.db").exists()


def test_a_folder_in_place_of_the_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").mkdir()
    with pytest.raises(PinionError, match=r"mlflow\.db cannot be opened"):
        local_store(tmp_path)


def test_a_store_for_tests_equals_a_new_one(tmp_path: Path) -> None:
    stores = [MlflowClient(make(tmp_path / make.__name__)) for make in (local_store, made_store)]
    locations = [store.get_experiment("0").artifact_location for store in stores]
    assert locations == [
        f"{(tmp_path / name / 'artifacts').as_uri()}/0" for name in ("local_store", "made_store")
    ]
