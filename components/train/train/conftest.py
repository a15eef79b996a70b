"""A small mixed table with every kind of column, and a step to run on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from pinion_step.formats.profile import Profile, Text, to_json
from train.__main__ import main

KINDS = {
    "age": "numeric",
    "größe in cm": "numeric",
    "work class": "categorical",
    "postcode": "categorical",
    "member": "boolean",
    "owns": "boolean",
    "since": "date",
}


def customers(rows: int = 120) -> pd.DataFrame:
    """Columns of each kind, with values missing in the second of a kind, and three targets."""
    random = np.random.default_rng(7)
    age = random.integers(18, 80, rows).astype("float64")
    height = np.where(random.random(rows) < 0.1, np.nan, random.normal(170, 9, rows))
    work = random.choice(["private", "state", "none"], rows, p=[0.6, 0.3, 0.1])
    postcode = random.choice(["01067", "10115", "80331"], rows).astype(object)
    postcode[::11] = None
    owns = random.choice([True, False], rows).astype(object)
    owns[::9] = None
    days = random.integers(0, 4000, rows)
    since = np.datetime64("2010-01-01") + days.astype("timedelta64[D]")
    since[::20] = np.datetime64("NaT")
    score = age / 20 + (work == "state") * 2 + days / 2000 + random.normal(0, 0.3, rows)
    return pd.DataFrame(
        {
            "age": age,
            "größe in cm": height,
            "work class": pd.Series(work, dtype="str"),
            "postcode": pd.Series(postcode, dtype="str"),
            "member": random.random(rows) < 0.4,
            "owns": owns,
            "since": since.astype("datetime64[ms]"),
            "income class": pd.Series(np.where(score > 4.2, ">50K", "<=50K"), dtype="str"),
            "grade": np.digitize(score, [3.5, 5.0]).astype("int64"),
            "price": score * 1e6,
        }
    )


TARGETS = {"income class": "string", "grade": "integer", "price": "double"}


@dataclass
class Step:
    """Inputs as preprocess writes them, and the flags of one call of train on them."""

    folder: Path
    tracking_uri: str

    def write(self, frame: pd.DataFrame, target: str, positive: str = "", **schema: object) -> Step:
        """Write the split and its schema; further keywords replace keys of the schema."""
        kept = frame.drop(columns=[name for name in TARGETS if name != target], errors="ignore")
        table = pa.Table.from_pandas(kept, preserve_index=False).replace_schema_metadata(
            {"pinion.source": "https://example.org/customers.csv", "pinion.sha256": "c0ffee" * 10}
        )
        pq.write_table(table, self.folder / "train")
        task = "regression" if TARGETS[target] == "double" else "classification"
        document = {
            "schema_version": 1,
            "task": task,
            "target": {"name": target, "type": TARGETS[target]}
            | ({"positive_class": positive} if positive else {}),
            "features": [
                {"name": name, "kind": KINDS[name], "missing": int(kept[name].isna().sum())}
                for name in kept.columns
                if name in KINDS
            ],
            **schema,
        }
        (self.folder / "schema").write_text(json.dumps(document))
        columns = {target: Text(len(kept), 0)}
        profile = Profile("c0ffee" * 10, "ab" * 32, len(kept), target, task, columns)
        (self.folder / "profile").write_text(to_json(profile))
        return self

    @property
    def client(self) -> MlflowClient:
        """A client of the store."""
        return MlflowClient(self.tracking_uri)

    def flags(self, *more: str) -> list[str]:
        """Return a whole command line; a later flag wins."""
        given = {
            "--train-data": self.folder / "train",
            "--schema": self.folder / "schema",
            "--profile": self.folder / "profile",
            "--mlflow-tracking-uri": self.tracking_uri,
            "--experiment": self.folder.name,
            "--trained-model": self.output("trained_model"),
            "--run-id": self.output("run_id"),
            "--model-id": self.output("model_id"),
            "--metrics": self.output("metrics"),
        }
        return [str(item) for pair in given.items() for item in pair] + list(more)

    def run(self, *more: str) -> int:
        """Call train."""
        return main(self.flags(*more))

    def output(self, name: str) -> Path:
        """Return the place of an output, in a folder that the step has to make."""
        return self.folder / "outputs" / name

    def metrics(self) -> dict[str, float]:
        """Read the metrics."""
        return json.loads(self.output("metrics").read_text())

    def run_status(self) -> str:
        """Return how the only run of the step's experiment ended."""
        experiment = self.client.get_experiment_by_name(self.folder.name)
        assert experiment
        (run,) = self.client.search_runs([experiment.experiment_id])
        return run.info.status

    def runs(self) -> list[Run]:
        """Return the runs of the step's experiment: its own, then those of its trials."""
        experiment = self.client.get_experiment_by_name(self.folder.name)
        assert experiment
        runs = self.client.search_runs([experiment.experiment_id])
        return sorted(runs, key=lambda run: _trial_number(run.info.run_name))

    def left_behind(self) -> list[str]:
        """Return what is in the folder of the outputs, hidden or not."""
        outputs = self.folder / "outputs"
        return sorted(path.name for path in outputs.iterdir()) if outputs.exists() else []


def _trial_number(name: str) -> int:
    return int(name.removeprefix("trial ")) if name.startswith("trial ") else 0


@pytest.fixture(scope="session")
def tracking_uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return an SQLite store in a folder that the first step has to make."""
    return f"sqlite:///{tmp_path_factory.mktemp('tracking')}/größere runs/mlflow.db"


@pytest.fixture()
def step(tmp_path: Path, tracking_uri: str, monkeypatch: pytest.MonkeyPatch) -> Step:
    """Return a step in an empty folder and a clean environment."""
    for name in ("MLFLOW_TRACKING_URI", "PINION_RELEASE", "PINION_COMPONENTS"):
        monkeypatch.delenv(name, raising=False)
    return Step(tmp_path, tracking_uri)
