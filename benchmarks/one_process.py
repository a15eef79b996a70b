"""The five steps on the sample in this one process: `one_process.py FOLDER`, for `isolation`."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import mlflow

from evaluate.__main__ import main as evaluate
from preprocess.__main__ import main as preprocess
from pull_data.__main__ import main as pull_data
from register.__main__ import main as register
from train.__main__ import main as train

NAME = "pinion-model"


def pipeline(folder: Path) -> None:
    """Calls each step as the pipeline does, with its defaults."""
    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])

    def step(main: Callable[[list[str]], int], given: dict[str, str], files: str) -> None:
        for name in files.split():
            given[name] = str(folder / name)
        words = [word for name, value in given.items() for word in (f"--{name}", value)]
        if main(words) != 0:
            raise SystemExit(f"{main.__module__} failed")

    step(pull_data, {"source": "sample:breast_cancer"}, "dataset")
    step(preprocess, {"target": "diagnosis"}, "dataset train-data test-data schema report")
    step(train, {}, "train-data schema trained-model run-id model-id metrics")
    (folder / "trained-model").rename(folder / "model")
    evaluate_files = "model test-data result metrics report report-data"
    step(evaluate, {"registered-model-name": NAME}, evaluate_files)
    (folder / "result").rename(folder / "evaluation")
    step(register, {"registered-model-name": NAME}, "model evaluation model-version model-uri")


if __name__ == "__main__":
    pipeline(Path(sys.argv[1]))
