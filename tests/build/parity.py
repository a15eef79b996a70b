"""Collect the facts in which two runs of one release must agree, and find the first difference."""

import hashlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines.runner.process.programs import installed
from pipelines.system.workspace import Workspace
from tests.build.images import Image
from tests.build.tree import call

# Ids, times and paths differ between any two runs; these files contain none.
FILES = {
    "pull-data": ("dataset",),
    "preprocess": (
        "train_data",
        "test_data",
        "schema",
        "data_summary",
        "data_report",
        "profile",
    ),
}
NUMBERS = {"train": "metrics", "evaluate": "test_metrics"}

# Runs in evaluate's own environment: models are compared by predictions, because their files
# contain ids and times.
PREDICT = """
import json, sys
from pathlib import Path
from evaluate.inputs.dataset import read_test_split
from evaluate.inputs.model import load_estimator, read_model_folder

model = read_model_folder(Path(sys.argv[1]))
estimator = load_estimator(model)
features = read_test_split(Path(sys.argv[2]), model.target, estimator).features
predict = getattr(estimator, "predict_proba", estimator.predict)
print(json.dumps(predict(features).tolist()))
"""


# Runs in a component's own environment, here or in its image: lists the installed packages and its
# own code.
INSTALLED = """
import hashlib, importlib.metadata, importlib.util, json, pathlib, sys

folders = {
    name: pathlib.Path(*importlib.util.find_spec(name).submodule_search_locations)
    for name in (sys.argv[1], "pinion_step")
}
found = {
    each.metadata["Name"].lower().replace("_", "-").replace(".", "-"): each.version
    for each in importlib.metadata.distributions()
}
for package, folder in folders.items():
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            name = f"{package}/{path.relative_to(folder).as_posix()}"
            found[f"SHA-256 of {name}"] = hashlib.sha256(path.read_bytes()).hexdigest()
print(json.dumps(dict(sorted(found.items()))))
"""


def installed_here(tree: Path, name: str) -> dict[str, str]:
    """Return the packages and file hashes of a component that runs as a process."""
    program = installed(Workspace(tree), name)
    python, code = program.environment.python, program.app
    done = call(tree, python, "-sE", "-c", f"import sys; sys.path[0] = {str(code)!r}\n{INSTALLED}",
                name)  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def installed_in(image: Image, name: str) -> dict[str, str]:
    """Return the packages and file hashes of a component in its image."""
    found: dict[str, str] = json.loads(image.run("/app/bin/python3", "-c", INSTALLED, name))
    return found


def facts(run: Path, tree: Path) -> dict[str, Any]:
    """Return the results of a run by step and output, in the order of the steps."""
    found: dict[str, Any] = dict(_hashes(run))
    for step, name in NUMBERS.items():
        numbers = json.loads((run / step / name).read_text())
        found |= {f"{step}/{name}: {metric}": value for metric, value in numbers.items()}
    for row, prediction in enumerate(_predictions(run, tree)):
        found[f"prediction of test row {row}"] = prediction
    return found


def first_difference(left: Mapping[str, Any], right: Mapping[str, Any]) -> str | None:
    """Return the first fact that differs, with both values; None if all are equal."""
    for name in [*left, *(name for name in right if name not in left)]:
        if left.get(name) != right.get(name):
            return f"{name} is {left.get(name)} in one and {right.get(name)} in the other"
    return None


def _hashes(run: Path) -> Iterator[tuple[str, str]]:
    for step, names in FILES.items():
        for name in names:
            digest = hashlib.sha256((run / step / name).read_bytes()).hexdigest()
            yield f"SHA-256 of {step}/{name}", digest


def _predictions(run: Path, tree: Path) -> list[Any]:
    program = installed(Workspace(tree), "evaluate")
    given = (run / "train/trained_model", run / "preprocess/test_data")
    done: subprocess.CompletedProcess[str] = call(
        run, program.environment.python, "-c", PREDICT, *given, PYTHONPATH=str(program.app)
    )
    assert done.returncode == 0, done.stderr
    predictions: list[Any] = json.loads(done.stdout)
    return predictions
