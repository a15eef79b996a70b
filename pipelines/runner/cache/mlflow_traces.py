"""Check that what a task left in MLflow is still there, so that its cached outputs may be used."""

import hashlib
import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.models.reference import ModelReference
from pipelines.models.tracking import Tracking, open_tracking
from pipelines.runner.task.backend import Values
from pipelines.system.errors import PinionError

_EVALUATION = "pinion.evaluation.sha256"
# A step with these output parameters logs a model.
_MODEL_OUTPUTS = {"run_id", "model_id"}


def logs_a_model(outputs: Collection[str]) -> bool:
    """Return whether a task with these output parameters logs a new model on every run."""
    return set(outputs) >= _MODEL_OUTPUTS


def outdated(uri: str, outputs: Values) -> str | None:
    """Return why the cached outputs of a task are out of date in MLflow, or None if they are not.

    The formats of `components/README.md` define the traces of a task; a task whose outputs have
    none of these formats cannot be checked. Raise `PinionError` if MLflow cannot be asked: the task
    would need MLflow too, and might make again what exists already.
    """
    try:
        with open_tracking(uri) as tracking:
            return _outdated(tracking, outputs)
    except sqlite3.Error as error:
        raise PinionError(
            f"the MLflow store {uri} cannot be read to check an earlier run: {error}"
        ) from error


def _outdated(tracking: Tracking, outputs: Values) -> str | None:
    if "model_uri" in outputs.parameters:
        return _registration(tracking, str(outputs.parameters["model_uri"]))
    if evaluation := _Evaluation.read(outputs):
        return evaluation.outdated(tracking)
    if logs_a_model(outputs.parameters):
        run_id, model_id = (str(outputs.parameters[name]) for name in ("run_id", "model_id"))
        return _model(tracking, run_id, model_id)
    return "its outputs do not say what it left in MLflow"


def _model(tracking: Tracking, run_id: str, model_id: str) -> str | None:
    if tracking.tags(run_id) is None:
        return f"its MLflow run {run_id} was deleted"
    return None if tracking.has_model(model_id) else f"its MLflow model {model_id} was deleted"


def _registration(tracking: Tracking, uri: str) -> str | None:
    """Check the version only: if somebody has moved the alias since, a rerun must not undo it."""
    model = ModelReference.parse(uri)
    there = model.version is not None and tracking.has_version(model.name, model.version)
    return None if there else f"{uri} was deleted"


@dataclass(frozen=True)
class _Evaluation:
    """An evaluation result, and the hash under which its MLflow run records it."""

    document: Mapping[str, Any]
    sha256: str

    @classmethod
    def read(cls, outputs: Values) -> "_Evaluation | None":
        """Read the evaluation in a task's outputs, or return None if there is none."""
        if not {"result", "report_data"} <= outputs.artifacts.keys():
            return None
        try:
            texts = [
                outputs.artifacts[each].path.read_bytes() for each in ("result", "report_data")
            ]
            document = json.loads(texts[0])
        except (OSError, ValueError):
            return None
        known = isinstance(document, dict) and document.keys() >= {"run_id", "model_id", "checks"}
        return cls(document, hashlib.sha256(b"".join(texts)).hexdigest()) if known else None

    def outdated(self, tracking: Tracking) -> str | None:
        """Return why it is out of date: its run has a later one, or the champion has changed."""
        run_id = self.document["run_id"]
        if gone := _model(tracking, run_id, self.document["model_id"]):
            return gone
        if (tracking.tags(run_id) or {}).get(_EVALUATION) != self.sha256:
            return f"its MLflow run {run_id} has another evaluation"
        if not (champion := self.document.get("champion")):
            return None
        name, alias = self.document["registered_model_name"], champion["alias"]
        if (at := tracking.alias_at(name, alias)) == champion["version"]:
            return None
        return f"the {alias} was {_version(champion['version'])} and is now {_version(at)}"


def _version(number: int | None) -> str:
    return "no version" if number is None else f"version {number}"
