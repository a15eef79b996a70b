"""Make models of tables by the steps that a run starts, each loaded once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from pipelines.components.component import discover
from pipelines.system.workspace import ROOT
from tests.preparing import Step

STEPS = ("pull_data", "preprocess", "train", "evaluate")
# The files that a step takes from those before it.
INPUTS = {
    "dataset": "pull_data/dataset",
    "train_data": "preprocess/train_data",
    "schema": "preprocess/schema",
    "profile": "preprocess/profile",
    "test_data": "preprocess/test_data",
}
MODEL = "train/trained_model"


class Modelling:
    """The steps, and the folder of their outputs and of MLflow's store."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._steps = {name: Step(name) for name in STEPS}
        self._interfaces = {
            name: component.interface.document
            for name, component in discover(ROOT / "components").items()
        }

    def model(self, last: str = "evaluate", **given: object) -> Path:
        """Call the steps up to the last with those parameters that they take.

        Return the folder of all outputs, in which each step has its own.
        """
        folder = Path(mkdtemp(dir=self._folder))
        known = {"mlflow_tracking_uri": f"sqlite:///{self._folder}/mlflow.db", **given}
        for name in STEPS[: STEPS.index(last) + 1]:
            code, _, said = self._steps[name].call(*self._flags(name, folder, known))
            assert code == 0, said
        return folder

    def close(self) -> None:
        """End the processes of the steps."""
        for step in self._steps.values():
            step.close()

    def _flags(self, name: str, folder: Path, known: dict[str, object]) -> Iterator[str]:
        document = self._interfaces[name]
        for each in document["inputs"]:
            file = MODEL if each["type"] == "Model" else INPUTS.get(each["name"])
            if value := folder / file if file else known.get(each["name"]):
                yield f"--{each['name'].replace('_', '-')}={value}"
        (folder / name).mkdir()
        for each in document["outputs"]:
            yield f"--{each['name'].replace('_', '-')}={folder / name / each['name']}"


@contextmanager
def modelling(folder: Path) -> Iterator[Modelling]:
    """Give the steps, loaded."""
    steps = Modelling(folder)
    try:
        yield steps
    finally:
        steps.close()


def metrics(folder: Path) -> dict[str, float]:
    """Return the metrics that `evaluate` wrote."""
    found: dict[str, float] = json.loads((folder / "evaluate" / "test_metrics").read_text())
    return found
