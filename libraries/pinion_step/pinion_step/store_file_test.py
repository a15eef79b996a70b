"""The answers of a file are those of MLflow's client."""

import sqlite3
from pathlib import Path
from typing import Literal

import mlflow
import pytest
from mlflow import MlflowClient

from pinion_step.store_file import Experiment, NotInFileError, open_store_file

NAME = "it's 100 %_"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("a b") / "mlflow.db"


@pytest.fixture(scope="module")
def client(database: Path) -> MlflowClient:
    mlflow.set_tracking_uri(f"sqlite:///{database}")
    return MlflowClient()


Status = Literal["PENDING", "READY", "FAILED"]


def make_model(client: MlflowClient, tmp_path: Path, status: Status = "READY") -> tuple[str, str]:
    """Return the ids of a new run and its logged model."""
    found = client.get_experiment_by_name("tests")
    place = found.experiment_id if found else client.create_experiment("tests", tmp_path.as_uri())
    run_id = client.create_run(place, tags={"pinion.dataset.sha256": "ab"}).info.run_id
    model_id = client.create_logged_model(place, "model", run_id).model_id
    if status != "PENDING":
        client.finalize_logged_model(model_id, status)
    return run_id, model_id


def test_versions_aliases_and_tags(client: MlflowClient, database: Path, tmp_path: Path) -> None:
    models = [make_model(client, tmp_path)[1] for _ in range(2)]
    for name in ("other", NAME):
        client.create_registered_model(name, tags={"of": name}, description=f"about {name}")
        for model_id in (models[0], models[0], models[1]):
            client.create_model_version(name, f"models:/{model_id}", tags={"model": model_id})
    client.set_registered_model_alias(NAME, "champion", "2")
    client.set_registered_model_alias(NAME, "previous", "1")
    client.set_registered_model_alias("other", "champion", "3")
    client.delete_model_version(NAME, "1")

    with open_store_file(database) as file:
        for name in ("other", NAME):
            theirs, ours = client.get_registered_model(name), file.get_registered_model(name)
            assert ours.aliases == {key: str(value) for key, value in theirs.aliases.items()}
            assert ours.tags == theirs.tags
            assert ours.description == theirs.description
        assert file.get_registered_model(NAME).aliases == {"champion": "2"}
        for model_id, count in zip(models, (3, 2), strict=True):
            asked = f"source_path = 'models:/{model_id}'"
            known = sorted(
                (each.name, int(each.version), each.source, each.tags, each.creation_timestamp)
                for each in client.search_model_versions(asked)
            )
            found = file.search_model_versions(asked)
            assert known == sorted(
                (v.name, v.version, v.source, v.tags, v.creation_timestamp) for v in found
            )
            assert len(known) == count
        version = file.get_model_version(NAME, "3")
        of_client = client.get_model_version(NAME, "3")
        assert version.source == of_client.source
        assert version.creation_timestamp == of_client.creation_timestamp
        for gone in ("1", "4"):
            with pytest.raises(NotInFileError):
                file.get_model_version(NAME, gone)
        with pytest.raises(NotInFileError):
            file.get_registered_model("nobody")


@pytest.mark.parametrize("status", ["PENDING", "READY", "FAILED"])
def test_the_status_and_the_tags_of_a_model_and_its_run(
    client: MlflowClient, database: Path, tmp_path: Path, status: Status
) -> None:
    run_id, model_id = make_model(client, tmp_path, status)
    client.set_logged_model_tags(model_id, {"of": "mine"})
    with open_store_file(database) as file:
        theirs, ours = client.get_logged_model(model_id), file.get_logged_model(model_id)
        assert (ours.status, ours.tags) == (str(theirs.status), theirs.tags)
        assert file.run_tags(run_id) == client.get_run(run_id).data.tags


def test_what_was_deleted_is_not_there(
    client: MlflowClient, database: Path, tmp_path: Path
) -> None:
    run_id, model_id = make_model(client, tmp_path)
    client.delete_run(run_id)
    client.delete_logged_model(model_id)
    with open_store_file(database) as file:
        for asked in (lambda: file.run_tags(run_id), lambda: file.get_logged_model(model_id)):
            with pytest.raises(NotInFileError):
                asked()


def test_the_newest_runs_with_a_tag(client: MlflowClient, database: Path) -> None:
    places = [client.create_experiment(name) for name in ("searched", "other")]
    colours = ("red", "blue", "red", "red", "redder")
    for number, colour in enumerate(colours):
        tags = {"a b": colour, "number": str(number)}
        run = client.create_run(places[0], start_time=1000 - number, tags=tags)
    client.delete_run(run.info.run_id)
    gone = client.create_run(places[0], start_time=2000, tags={"a b": "red"}).info.run_id
    client.delete_run(gone)
    client.create_run(places[1], start_time=3000, tags={"a b": "red"})
    asked = ([places[0]], "tags.`a b` = 'red'")
    order = ["attributes.start_time DESC"]
    with open_store_file(database) as file:
        for most, numbers in ((2, ["0", "2"]), (9, ["0", "2", "3"])):
            known, found = (
                [
                    run.data.tags
                    for run in each.search_runs(*asked, max_results=most, order_by=order)
                ]
                for each in (client, file)
            )
            assert found == known
            assert [tags["number"] for tags in found] == numbers
        other = client.get_experiment_by_name("other")
        assert other is not None
        assert file.get_experiment_by_name("other") == Experiment(other.experiment_id)
        assert file.get_experiment_by_name("nobody") is None
        with pytest.raises(NotInFileError):
            file.search_runs([places[0]], "metrics.a > 1", max_results=1, order_by=order)


def test_nothing_is_written(client: MlflowClient, database: Path, tmp_path: Path) -> None:
    make_model(client, tmp_path)
    before = database.read_bytes()
    with open_store_file(database) as file:
        for asked, message in (
            (lambda: file.set_registered_model_alias(NAME, "champion", "1"), "set_registered"),
            (lambda: file.search_model_versions("tags.`a` = 'b'"), "tags"),
        ):
            with pytest.raises(NotInFileError, match=message):
                asked()
    assert database.read_bytes() == before


def test_another_file_is_an_error_of_sqlite(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("not a database, but long enough to look like one" * 9)
    for name in ("empty", "text", "missing"):
        with pytest.raises(sqlite3.Error), open_store_file(tmp_path / name) as file:
            file.get_registered_model(NAME)
    assert not (tmp_path / "missing").exists()
