"""Memory of `train` and `evaluate`, beside their table in Arrow: `python -m benchmarks.memory`.

The steps on tables of N and 5 N rows, as many to train as to test, and what each further
row takes, in multiples of its size in Arrow. Off that of `train` is taken what the model takes
alone: the whole pipeline, fitted once to rows that are in memory, or only the estimator in it,
fitted to encoded rows.
"""

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.big_tables import OUTPUTS, Steps, made, measured, step
from benchmarks.image_build import say
from pipelines.programs import Installed, installed
from pipelines.workspace import ROOT, Workspace

# Models by the targets that they learn, with parameters that save time; but for the size of a
# forest's trees they change no memory.
MODELS = {
    "label": {
        "hist_gradient_boosting": '{"max_iter": 5}',
        "logistic_regression": '{"max_iter": 10}',
        "random_forest": '{"n_estimators": 10, "max_depth": 8}',
    },
    "number_1": {"ridge": "{}"},
}
NAMES = ("pull_data", "preprocess", "train", "evaluate")
TRAINED = ("trained-model", "run-id", "model-id", "metrics")
EVALUATED = ("result", "metrics", "report", "report-data")
ALONE = ROOT / "benchmarks/estimator_alone.py"


@dataclass(frozen=True)
class Peaks:
    """Bytes at most of the steps, of the pipeline and the estimator alone; and of the tables."""

    train: int
    evaluate: int
    pipeline: int
    estimator: int
    to_train: int
    to_test: int

    def line(self) -> str:
        """All of them."""
        return (
            f"train {_mb(self.train)} of a table of {_mb(self.to_train)}, pipeline alone "
            f"{_mb(self.pipeline)}, estimator alone {_mb(self.estimator)}; evaluate "
            f"{_mb(self.evaluate)} of {_mb(self.to_test)}"
        )

    def growth(self, few: "Peaks") -> str:
        """What came on top of fewer rows, in multiples of the tables'."""
        table, test = self.to_train - few.to_train, self.to_test - few.to_test
        train = (self.train - few.train) / table
        # Its rows are in memory before.
        pipeline = (self.pipeline - few.pipeline) / table - 1
        estimator = (self.estimator - few.estimator) / table
        return (
            f"train {train:.2f} x: {train - pipeline:.2f} x without the pipeline's "
            f"{pipeline:.2f} x, {train - estimator:.2f} x without the estimator's "
            f"{estimator:.2f} x; evaluate {(self.evaluate - few.evaluate) / test:.2f} x"
        )


@dataclass(frozen=True)
class Folders:
    """The steps, and a folder for files."""

    split: Steps
    train: Installed
    evaluate: Installed
    files: Path

    def table(self, rows: int, target: str) -> None:
        """Makes a table of twice the rows, half of them to train and half to test."""
        table = made(self.split, self.files, 2 * rows)
        dataset = self.files / "dataset"
        step(self.split.pull_data, "--source", table, "--dataset", dataset)
        shares = ("--target", target, "--test-fraction", "0.5")
        step(self.split.preprocess, "--dataset", dataset, *shares, *self.outputs(OUTPUTS))
        table.unlink()

    def peaks(self, model: str, params: str) -> Peaks:
        """Runs both steps, and the model alone."""
        files = self.files
        data, encoded = files / "train-data", files / "encoded"
        store = ("--mlflow-tracking-uri", f"sqlite:///{files}/mlflow.db")
        rows = ("--train-data", data, "--schema", files / "schema")
        named = ("--model", model, "--model-params", params)
        trained = step(self.train, *rows, *named, *store, *self.outputs(TRAINED))
        both = ("--model", files / "trained-model", "--test-data", files / "test-data")
        evaluated = step(self.evaluate, *both, *store, *self.outputs(EVALUATED))
        what = (data, files / "schema", model, params)
        pipeline = self.alone("pipeline", *what)
        self.alone("encode", *what, encoded)
        estimator = self.alone("estimator", encoded)
        sizes = (self.size(data), self.size(files / "test-data"))
        return Peaks(trained.memory, evaluated.memory, pipeline, estimator, *sizes)

    def outputs(self, names: tuple[str, ...]) -> list[str | Path]:
        """Flags of outputs."""
        return [word for name in names for word in (f"--{name}", self.files / name)]

    def alone(self, *arguments: str | Path) -> int:
        """Runs the script of the model alone, and gives its memory in bytes."""
        return measured(self.train.environment.python, ALONE, *arguments).memory

    def size(self, table: Path) -> int:
        """The table in Arrow, in bytes."""
        command: list[str | Path] = [self.train.environment.python, ALONE, "size", table]
        return int(subprocess.run(command, check=True, capture_output=True).stdout)


def main() -> int:
    """Runs all and prints them."""
    parser = argparse.ArgumentParser(prog="benchmarks.memory", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, metavar="N")
    known = [name for models in MODELS.values() for name in models]
    parser.add_argument("--model", choices=known, help="only this one")
    given = parser.parse_args()
    workspace = Workspace()
    places = [installed(workspace, name) for name in NAMES]
    few: dict[str, Peaks] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folders = Folders(Steps(*places[:2]), places[2], places[3], Path(scratch))
        for rows in (given.rows, 5 * given.rows):
            for target, models in MODELS.items():
                chosen = [name for name in models if given.model in (name, None)]
                if chosen:
                    folders.table(rows, target)
                for model in chosen:
                    say(f"{rows} rows, {model}")
                    peaks = folders.peaks(model, models[model])
                    print(f"{rows:>9,} rows  {model:23} {peaks.line()}", flush=True)
                    if rows > given.rows:
                        print(f"a row more       {model:23} {peaks.growth(few[model])}", flush=True)
                    few[model] = peaks
    return 0


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
