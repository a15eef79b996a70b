from pathlib import Path

import pytest
from mlflow import MlflowClient

from pipelines.models.store import local_store, sqlite_file
from pipelines.models.store_testing import made_store
from pipelines.system.errors import PinionError


def test_a_store_is_made_by_the_step_that_needs_it(tmp_path: Path) -> None:
    assert local_store(tmp_path / "runs") == f"sqlite:///{tmp_path}/runs/mlflow.db"
    assert list(tmp_path.iterdir()) == []


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
    client = MlflowClient(made_store(tmp_path / "100% #1"))
    assert client.get_experiment("0").name == "Default"
    assert (tmp_path / "100% #1" / "mlflow.db").exists()


def test_a_folder_in_place_of_the_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").mkdir()
    with pytest.raises(PinionError, match=r"mlflow\.db cannot be opened"):
        local_store(tmp_path)


def test_a_store_for_tests_has_its_artifacts_beside_it(tmp_path: Path) -> None:
    location = MlflowClient(made_store(tmp_path)).get_experiment("0").artifact_location
    assert location == f"{(tmp_path / 'artifacts').as_uri()}/0"


@pytest.mark.parametrize(
    ("uri", "file"),
    [
        ("sqlite:////srv/runs/mlflow.db", Path("/srv/runs/mlflow.db")),
        ("sqlite:////srv/a.db?timeout=5", Path("/srv/a.db")),
        ("http://mlflow:5000", None),
    ],
)
def test_the_file_of_a_store_is_known_by_its_address(uri: str, file: Path | None) -> None:
    assert sqlite_file(uri) == file
