from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from mlflow import MlflowClient

from train.conftest import Step, customers

PREPROCESS = {"parameters": {"target": "price", "seed": 9}, "inputs": {"dataset": "d" * 64}}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def recorded(step: Step) -> dict[str, Any]:
    """Return the documents of the only run, by step."""
    client = MlflowClient(step.tracking_uri)
    run_id = step.output("run_id").read_text()
    folder = Path(client.download_artifacts(run_id, "lineage", str(step.folder)))
    return {path.stem: json.loads(path.read_text()) for path in folder.iterdir()}


def add_metadata(step: Step, value: str, **more: str) -> None:
    path = step.folder / "train"
    table = pq.read_table(path)
    added = {f"pinion.{name}": text for name, text in {"preprocess": value, **more}.items()}
    metadata = {**(table.schema.metadata or {}), **added}
    pq.write_table(table.replace_schema_metadata(metadata), path)


def test_a_run_says_what_every_step_before_the_model_was_given(step: Step) -> None:
    step.write(customers(), "price")
    add_metadata(step, json.dumps(PREPROCESS), pull_data='{"delimiter": ";", "header": "false"}')
    flags = ["--model", "ridge", "--model-params", '{"fit_intercept": false}', "--seed", "3"]
    more = ["--cv-folds", "4", "--experiment-parameters", "team=risk,note=a=b"]
    assert step.run(*flags, *more, "--search", '{"trials": 2, "space": {"alpha": [1, 5]}}') == 0

    assert recorded(step) == {
        "pull_data": {
            "parameters": {
                "source": "https://example.org/customers.csv",
                "sha256": "c0ffee" * 10,
                "delimiter": ";",
                "header": "false",
            }
        },
        "preprocess": PREPROCESS,
        "train": {
            "parameters": {
                "model": "ridge",
                "model_params": {"fit_intercept": False},
                "search": {"method": "random", "trials": 2, "space": {"alpha": [1, 5]}},
                "seed": 3,
                "cv_folds": 4,
                "experiment": step.folder.name,
                "experiment_parameters": "team=risk,note=a=b",
            },
            "inputs": {
                "train_data": sha256(step.folder / "train"),
                "schema": sha256(step.folder / "schema"),
                "profile": sha256(step.folder / "profile"),
            },
            "outputs": {"metrics": sha256(step.output("metrics"))},
        },
    }


def test_what_a_file_does_not_say_is_not_made_up(step: Step) -> None:
    step.write(customers(), "price")
    table = pq.read_table(step.folder / "train")
    pq.write_table(table.replace_schema_metadata({}), step.folder / "train")
    assert step.run("--model", "ridge") == 0
    assert list(recorded(step)) == ["train"]
    assert recorded(step)["train"]["parameters"]["search"] == {}


def test_metadata_that_are_damaged_are_told(step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    step.write(customers(), "price")
    add_metadata(step, "{")
    assert step.run("--model", "ridge") == 1
    error = capsys.readouterr().err
    assert "the metadata pinion.preprocess is not JSON" in error
    assert step.left_behind() == []
