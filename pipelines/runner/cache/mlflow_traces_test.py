"""Whether cached outputs of a step may be used, by what a real MLflow store holds."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus

from pipelines.compiled.container import ArtifactType
from pipelines.models.registry import ModelRegistry
from pipelines.models.store_testing import made_store
from pipelines.runner.cache import mlflow_traces
from pipelines.runner.cache.mlflow_traces import Server, Tracking, outdated
from pipelines.runner.task.backend import Artifact, Values
from pipelines.system.errors import PinionError

MODEL = "tumour"
Look = Callable[[Values], str | None]


class Traced:
    """A store in which steps have trained, evaluated and registered a model."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.uri = folder, made_store(folder)
        self.client = MlflowClient(self.uri, self.uri)
        place = (folder / "artifacts").as_uri()
        experiment = self.client.create_experiment("tumours", artifact_location=place)
        self.run_id = self.client.create_run(experiment).info.run_id
        model = self.client.create_logged_model(experiment, source_run_id=self.run_id)
        self.model_id = model.model_id
        self.files = Path(model.artifact_location.removeprefix("file://"))
        self.files.mkdir(parents=True, exist_ok=True)
        self.client.finalize_logged_model(self.model_id, LoggedModelStatus.READY)

    def train(self) -> Values:
        return Values({"run_id": self.run_id, "model_id": self.model_id})

    def evaluation(self, **more: Any) -> Values:
        """Return the outputs of an evaluation, after recording it in the run."""
        known = {"run_id": self.run_id, "model_id": self.model_id, "checks": []}
        result = json.dumps({**known, "registered_model_name": MODEL, **more})
        texts = {"result": result, "report_data": '{"slices": []}'}
        kind = ArtifactType("system.Artifact", "0.0.1")
        outputs = Values()
        for name, text in texts.items():
            (self.folder / name).write_text(text)
            outputs.artifacts[name] = Artifact(str(self.folder / name), kind, name)
        self.tag(hashlib.sha256("".join(texts.values()).encode()).hexdigest())
        return outputs

    def tag(self, sha256: str) -> None:
        self.client.set_tag(self.run_id, "pinion.evaluation.sha256", sha256)

    def register(self) -> int:
        """Register another version of the model, and point the alias to it."""
        if not self.client.search_registered_models():
            self.client.create_registered_model(MODEL)
        number = self.client.create_model_version(MODEL, str(self.files), self.run_id).version
        self.client.set_registered_model_alias(MODEL, "champion", str(number))
        return int(number)

    def registration(self, version: int) -> Values:
        return Values({"model_version": version, "model_uri": f"models:/{MODEL}/{version}"})


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an empty store, which takes seconds to make."""
    folder = tmp_path_factory.mktemp("empty")
    made_store(folder)
    return folder


@pytest.fixture()
def traced(empty: Path, tmp_path: Path) -> Traced:
    shutil.copyfile(empty / "mlflow.db", tmp_path / "mlflow.db")
    return Traced(tmp_path)


@pytest.fixture(params=["its database", "its client"])
def look(request: pytest.FixtureRequest, traced: Traced, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Ask the database itself, or MLflow's client as if the store were a server."""

    @contextmanager
    def through_the_client(_uri: str) -> Iterator[Tracking]:
        yield Server(ModelRegistry(traced.client))

    if request.param == "its client":
        monkeypatch.setattr(mlflow_traces, "open_tracking", through_the_client)
    return lambda outputs: outdated(traced.uri, outputs)


def test_a_training_whose_run_and_model_exist(traced: Traced, look: Look) -> None:
    assert look(traced.train()) is None


def test_a_training_whose_run_was_deleted(traced: Traced, look: Look) -> None:
    traced.client.delete_run(traced.run_id)
    assert look(traced.train()) == f"its MLflow run {traced.run_id} was deleted"


def test_a_training_whose_model_was_deleted(traced: Traced, look: Look) -> None:
    traced.client.delete_logged_model(traced.model_id)
    assert look(traced.train()) == f"its MLflow model {traced.model_id} was deleted"


def test_a_training_from_another_store(traced: Traced, look: Look) -> None:
    outputs = Values({"run_id": "0" * 32, "model_id": traced.model_id})
    assert look(outputs) == f"its MLflow run {'0' * 32} was deleted"


def test_a_model_whose_files_were_deleted(traced: Traced) -> None:
    traced.files.rmdir()
    outputs = traced.train()
    assert outdated(traced.uri, outputs) == f"its MLflow model {traced.model_id} was deleted"


def test_an_evaluation_that_its_run_records(traced: Traced, look: Look) -> None:
    assert look(traced.evaluation()) is None


def test_an_evaluation_followed_by_another(traced: Traced, look: Look) -> None:
    outputs = traced.evaluation()
    traced.tag("of another")
    assert look(outputs) == f"its MLflow run {traced.run_id} has another evaluation"


@pytest.mark.parametrize(
    ("compared", "registered", "why"),
    [
        pytest.param(None, 0, None, id="still no champion"),
        pytest.param(
            None, 1, "the champion was no version and is now version 1", id="the first champion"
        ),
        pytest.param(2, 2, None, id="the same champion"),
        pytest.param(
            1, 2, "the champion was version 1 and is now version 2", id="the next champion"
        ),
        pytest.param(
            1, 0, "the champion was version 1 and is now no version", id="no champion any more"
        ),
    ],
)
def test_an_evaluation_against_a_champion(
    traced: Traced, look: Look, compared: int | None, registered: int, why: str | None
) -> None:
    outputs = traced.evaluation(champion={"alias": "champion", "version": compared})
    for _ in range(registered):
        traced.register()
    assert look(outputs) == why


def test_an_evaluation_that_compares_with_no_champion(traced: Traced, look: Look) -> None:
    outputs = traced.evaluation()
    traced.register()
    assert look(outputs) is None


def test_a_registration_whose_alias_was_moved(traced: Traced, look: Look) -> None:
    traced.register()
    outputs = traced.registration(traced.register())
    assert look(outputs) is None
    traced.client.set_registered_model_alias(MODEL, "champion", "1")
    assert look(outputs) is None


def test_a_registration_whose_version_was_deleted(traced: Traced, look: Look) -> None:
    outputs = traced.registration(traced.register())
    traced.client.delete_model_version(MODEL, "1")
    assert look(outputs) == f"models:/{MODEL}/1 was deleted"


def test_a_decision_holds_whatever_became_of_the_store(traced: Traced) -> None:
    decided = Values({"retrain": False, "why": "same_data", "recipe": "01ab-23cd"})
    (traced.folder / "mlflow.db").write_bytes(b"no database")
    assert outdated(traced.uri, decided) is None


def test_a_step_whose_outputs_do_not_name_its_traces(traced: Traced, look: Look) -> None:
    assert look(Values({"score": 1.0})) == "its outputs do not say what it left in MLflow"


@pytest.mark.parametrize("content", [None, b""], ids=["missing", "empty"])
def test_a_store_that_was_deleted(traced: Traced, content: bytes | None) -> None:
    other = traced.folder / "other.db"
    if content is not None:
        other.write_bytes(content)
    for outputs, gone in (
        (traced.train(), f"its MLflow run {traced.run_id} was deleted"),
        (traced.registration(3), f"models:/{MODEL}/3 was deleted"),
    ):
        assert outdated(f"sqlite:///{other}", outputs) == gone
    assert other.exists() == (content is not None)


def test_a_damaged_store(traced: Traced) -> None:
    (traced.folder / "other.db").write_bytes(b"no database" * 100)
    with pytest.raises(PinionError, match="cannot be read .*: file is not a database"):
        outdated(f"sqlite:///{traced.folder}/other.db", traced.train())


def test_a_server_that_does_not_answer(traced: Traced) -> None:
    with pytest.raises(PinionError, match="does not answer"):
        outdated("http://127.0.0.1:9", traced.train())
