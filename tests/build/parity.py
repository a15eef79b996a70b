"""What two runs of one release have to agree on, and the first thing that they do not."""

import hashlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.build.tree import call

# Ids, times and places differ between any two runs; these hold none.
FILES = {
    "pull-data": ("dataset",),
    "preprocess": ("train_data", "test_data", "schema", "report"),
}
NUMBERS = {"train": "metrics", "evaluate": "metrics"}

# Run by evaluate's own environment: a model is what it predicts, its files hold ids and times.
PREDICT = """
import json, sys
from pathlib import Path
from evaluate.dataset import read_test_split
from evaluate.model import load_estimator, read_model_folder

model = read_model_folder(Path(sys.argv[1]))
estimator = load_estimator(model)
features = read_test_split(Path(sys.argv[2]), model.target, estimator).features
predict = getattr(estimator, "predict_proba", estimator.predict)
print(json.dumps(predict(features).tolist()))
"""


def facts(run: Path, dist: Path) -> dict[str, Any]:
    """What a run came to, by step and output in the order in which they were made."""
    found: dict[str, Any] = dict(_hashes(run))
    for step, name in NUMBERS.items():
        numbers = json.loads((run / step / name).read_text())
        found |= {f"{step}/{name}: {metric}": value for metric, value in numbers.items()}
    for row, prediction in enumerate(_predictions(run, dist)):
        found[f"prediction of test row {row}"] = prediction
    return found


def first_difference(left: Mapping[str, Any], right: Mapping[str, Any]) -> str | None:
    """The first fact that is not the same in both, with both values; None where all are."""
    for name in [*left, *(name for name in right if name not in left)]:
        if left.get(name) != right.get(name):
            return f"{name} is {left.get(name)} in one and {right.get(name)} in the other"
    return None


def _hashes(run: Path) -> Iterator[tuple[str, str]]:
    for step, names in FILES.items():
        for name in names:
            digest = hashlib.sha256((run / step / name).read_bytes()).hexdigest()
            yield f"SHA-256 of {step}/{name}", digest


def _predictions(run: Path, dist: Path) -> list[Any]:
    (python,) = dist.glob("environments/evaluate-*/bin/python")
    done: subprocess.CompletedProcess[str] = call(
        run, python, "-c", PREDICT, run / "train/trained_model", run / "preprocess/test_data"
    )
    assert done.returncode == 0, done.stderr
    predictions: list[Any] = json.loads(done.stdout)
    return predictions
