"""Datasets as MLflow records them."""

import pytest

from pinion_step.tracking.datasets import describe_dataset

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
