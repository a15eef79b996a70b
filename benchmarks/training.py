"""Compare `train` with plain scikit-learn: `python -m benchmarks.training`.

The step takes turns with a plain process that reads the same Parquet file, cross-validates the same
pipeline with the same folds and scorers, and fits it. Both must give the same metrics. The table
shows their time and peak memory, and those of `evaluate` on as many rows.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.big_tables import OUTPUTS, Cost, Steps, line, made, measured, step
from benchmarks.image_build import say
from pipelines.runner.process.programs import Installed, installed
from pipelines.system.workspace import ROOT, Workspace

# Models by the target that they learn. The forest has few trees, because a hundred take minutes.
MODELS = {
    "label": {
        "hist_gradient_boosting": "{}",
        "logistic_regression": "{}",
        "random_forest": '{"n_estimators": 10, "max_depth": 12}',
    },
    "number_1": {"ridge": "{}"},
}
NAMES = ("pull_data", "preprocess", "train", "evaluate")
TRAINED = ("trained-model", "run-id", "model-id", "metrics")
EVALUATED = ("result", "test-metrics", "report", "report-data")
PLAIN = ROOT / "benchmarks/plain_training.py"
PLAIN_NAME = "scikit-learn"


@dataclass(frozen=True)
class Folders:
    """The steps, and a folder for files."""

    split: Steps
    train: Installed
    evaluate: Installed
    files: Path

    def table(self, rows: int, target: str) -> None:
        """Make a table of twice as many rows, half of them for training and half for testing."""
        table = made(self.split, self.files, 2 * rows)
        dataset = self.files / "dataset"
        step(self.split.pull_data, "--source", table, "--dataset", dataset)
        shares = ("--target", target, "--test-fraction", "0.5")
        step(self.split.preprocess, "--dataset", dataset, *shares, *self.outputs(OUTPUTS))
        table.unlink()

    def costs(self, model: str, params: str) -> dict[str, Cost]:
        """Measure both, and `evaluate`; exit if the metrics differ."""
        files = self.files
        data, schema = files / "train-data", files / "schema"
        store = ("--mlflow-tracking-uri", f"sqlite:///{files}/mlflow.db")
        rows = ("--train-data", data, "--schema", schema, "--profile", files / "profile")
        named = ("--model", model, "--model-params", params)
        trained = step(self.train, *rows, *named, *store, *self.outputs(TRAINED))
        metrics = json.loads((files / "metrics").read_text())
        printed = files / "plain-metrics"
        with printed.open("wb") as output:
            command = (*self.plain, data, schema, model, params)
            plain = measured(*command, output=output, modules=self.train.app)
        for name, expected in json.loads(printed.read_text()).items():
            if abs(metrics[name] - expected) > 1e-9:
                raise SystemExit(
                    f"{model}: {name} is {metrics[name]} of train, {expected} of plain"
                )
        both = ("--model", files / "trained-model", "--test-data", files / "test-data")
        evaluated = step(self.evaluate, *both, *store, *self.outputs(EVALUATED))
        return {"train": trained, PLAIN_NAME: plain, "evaluate": evaluated}

    @property
    def plain(self) -> tuple[Path, Path]:
        """The Python of `train`, and the script."""
        return self.train.environment.python, PLAIN

    def outputs(self, names: tuple[str, ...]) -> list[str | Path]:
        """Return the flags of outputs."""
        return [word for name in names for word in (f"--{name}", self.files / name)]

    def size(self) -> int:
        """Return the size of the training table in Arrow, in bytes."""
        command: list[str | Path] = [*self.plain, "size", self.files / "train-data"]
        modules = {"PYTHONPATH": str(self.train.app)}
        return int(subprocess.run(command, check=True, capture_output=True, env=modules).stdout)


def main() -> int:
    """Run and print all measurements."""
    parser = argparse.ArgumentParser(prog="benchmarks.training", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=1, metavar="N")
    known = [name for models in MODELS.values() for name in models]
    parser.add_argument("--model", choices=known, help="measure only this model")
    given = parser.parse_args()
    steps = [installed(Workspace(), name) for name in NAMES]
    with tempfile.TemporaryDirectory() as scratch:
        folders = Folders(Steps(*steps[:2]), steps[2], steps[3], Path(scratch))
        for target, models in MODELS.items():
            chosen = [name for name in models if given.model in (name, None)]
            if chosen:
                folders.table(given.rows, target)
            for model in chosen:
                compare(folders, model, models[model], given.rows, given.rounds)
    return 0


def compare(folders: Folders, model: str, params: str, rows: int, rounds: int) -> None:
    """Run both in turn; print the medians, and the ratios of each round's pair."""
    costs: dict[str, list[Cost]] = {}
    for number in range(rounds):
        say(f"{rows} rows, {model}, round {number + 1} of {rounds}")
        for name, cost in folders.costs(model, params).items():
            costs.setdefault(name, []).append(cost)
    print(f"{model} on {rows:,} rows, {folders.size() / 1e6:.0f} MB in Arrow")
    for name, each in costs.items():
        # Plain scikit-learn has no counterpart to `evaluate`.
        base = None if name == "evaluate" else costs[PLAIN_NAME]
        print(line(rows, name, each, base), flush=True)


if __name__ == "__main__":
    sys.exit(main())
