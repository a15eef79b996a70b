from __future__ import annotations

from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Experiment

from pinion_step.errors import StepError
from pinion_step.store import prepare_store
from pinion_step.tracking.datasets import describe_dataset, log_dataset
from pinion_step.tracking.runs import find_experiment
from train.conftest import Step, customers
from train.tracking.run import (
    run_tags,
    tracked_model,
    tracked_run,
)


@pytest.fixture()
def client(tracking_uri: str) -> MlflowClient:
    prepare_store(tracking_uri)
    return MlflowClient(tracking_uri)


def test_an_experiment_that_another_process_made_meanwhile_is_used(
    client: MlflowClient, tmp_path: Path
) -> None:
    class Late(MlflowClient):
        """A client whose first look comes before the other process's experiment."""

        looks = 0

        def get_experiment_by_name(self, name: str) -> Experiment | None:
            self.looks += 1
            return None if self.looks == 1 else super().get_experiment_by_name(name)

    there = client.create_experiment(tmp_path.name)
    assert find_experiment(Late(client.tracking_uri), tmp_path.name, None) == there


def test_a_deleted_experiment_is_named(
    step: Step, client: MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    client.delete_experiment(client.create_experiment(step.folder.name))
    step.write(customers(), "price")
    assert step.run() == 1
    error = capsys.readouterr().err
    assert f"the MLflow experiment {step.folder.name!r} was deleted; restore it" in error


def fail(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(RuntimeError("broken"), "FAILED", id="failure"),
        pytest.param(KeyboardInterrupt(), "KILLED", id="signal"),
    ],
)
def test_neither_run_nor_model_is_left_unfinished(
    client: MlflowClient, tmp_path: Path, error: BaseException, status: str
) -> None:
    experiment = client.create_experiment(tmp_path.name)
    with (
        pytest.raises(type(error)),
        tracked_run(client, experiment, "ridge", {}) as run,
        tracked_model(run, "ridge", {"C": "1"}, {}) as model,
    ):
        fail(error)
    assert client.get_run(run.run_id).info.status == status
    assert client.get_logged_model(model.model_id).status == "FAILED"


def test_many_parameters_are_logged_in_batches(client: MlflowClient, tmp_path: Path) -> None:
    params = {f"p{number}": str(number * 7) for number in range(250)}
    with tracked_run(client, client.create_experiment(tmp_path.name), "ridge", {}) as run:
        run.log_params(params)
    assert client.get_run(run.run_id).data.params == params


def test_two_splits_of_a_source_are_two_datasets_however_often_they_are_logged(
    client: MlflowClient, tmp_path: Path
) -> None:
    run_id = client.create_run(client.create_experiment(tmp_path.name)).info.run_id

    for sha256, rows, context in (("aa" * 32, 90, "training"), ("bb" * 32, 10, "evaluation")):
        dataset = describe_dataset("s3://b/wine.csv", sha256, "", rows, columns=3)
        for _ in range(2):
            log_dataset(client, run_id, dataset, context)

    inputs = client.get_run(run_id).inputs
    found = inputs.dataset_inputs if inputs else []
    assert sorted(
        (each.dataset.digest, each.dataset.profile, each.tags[0].value) for each in found
    ) == [
        ("aaaaaaaa", '{"num_rows": 90, "num_elements": 270}', "training"),
        ("bbbbbbbb", '{"num_rows": 10, "num_elements": 30}', "evaluation"),
    ]


def test_versions_that_were_not_given_are_not_tags() -> None:
    tags = run_tags("", "", {"PINION_COMPONENTS": " train=1.0.0 , "})
    assert tags == {
        "mlflow.source.name": "train",
        "mlflow.source.type": "JOB",
        "pinion.component.train": "1.0.0",
    }


def test_a_run_says_which_pipeline_run_and_revision_made_it() -> None:
    environment = {
        "PINION_COMPONENTS": f"train=1.3.0@sha256:{'ab' * 32}",
        "PINION_PIPELINE_RUN": "20261124-090000-abc123",
        "PINION_REVISION": "0123abc-dirty",
        "PINION_REPRODUCES": "tumour/4",
        "PINION_RELEASE": "2026.11",
    }
    tags = run_tags("s3://b/k", "", environment)
    assert tags == {
        "mlflow.source.name": "train",
        "mlflow.source.type": "JOB",
        "mlflow.source.git.commit": "0123abc-dirty",
        "pinion.component.train": f"1.3.0@sha256:{'ab' * 32}",
        "pinion.dataset.source": "s3://b/k",
        "pinion.pipeline_run": "20261124-090000-abc123",
        "pinion.release": "2026.11",
        "pinion.reproduces": "tumour/4",
    }


def test_malformed_versions_are_shown() -> None:
    with pytest.raises(StepError, match="PINION_COMPONENTS: 'train' is not NAME=VERSION"):
        run_tags("", "", {"PINION_COMPONENTS": "train"})
