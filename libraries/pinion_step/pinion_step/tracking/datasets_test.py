"""Datasets in a real store."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from pinion_step.tracking.datasets import describe_dataset, log_dataset

SCHEMA = '{"mlflow_colspec": [{"type": "double", "name": "a", "required": true}]}'


@pytest.mark.parametrize(
    ("source", "name", "where"),
    [
        pytest.param("sample:diabetes", "diabetes", '{"uri": "sample:diabetes"}', id="sample"),
        pytest.param("/data/my table.csv", "my table.csv", '{"uri": "/data/my', id="path"),
        pytest.param("https://h/a/b.csv", "b.csv", '{"url": "https://h/a/b.csv"}', id="web"),
        pytest.param("", "dataset", '{"uri": ""}', id="unknown"),
    ],
)
def test_a_dataset_is_named_by_its_source(source: str, name: str, where: str) -> None:
    dataset = describe_dataset(source, "0123456789abcdef" * 4, SCHEMA, rows=50, columns=2)
    assert dataset.name == name
    assert dataset.source.startswith(where)
    assert dataset.digest == "01234567"
    assert dataset.schema == SCHEMA
    assert dataset.profile == '{"num_rows": 50, "num_elements": 100}'


def test_two_splits_of_a_source_are_two_datasets_however_often_they_are_logged(
    tmp_path: Path,
) -> None:
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    run_id = client.create_run(client.create_experiment("splits", tmp_path.as_uri())).info.run_id

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
