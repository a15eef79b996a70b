"""Whether what a task left in MLflow is still there, so that its outputs may be taken again."""

import hashlib
import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.models.reference import ModelReference
from pipelines.models.tracking import Tracking, open_tracking
from pipelines.runner.task.artifacts import Values
from pipelines.system.errors import PinionError

_EVALUATION = "pinion.evaluation.sha256"
# By which a step is known that logs a model.
_OF_A_MODEL = {"run_id", "model_id"}


def logs_a_model(outputs: Collection[str]) -> bool:
    """Whether a task with such output parameters makes one more model each time it runs."""
    return set(outputs) >= _OF_A_MODEL


def outdated(uri: str, outputs: Values) -> str | None:
    """Why a task that tracks would now leave other traces than it did, None where it would not.

    Only the formats of `components/README.md` say what its traces are; a task that gives none of
    them cannot be checked. Raises `PinionError` where MLflow cannot be asked: the task would need
    it too, and might make again what is there.
    """
    try:
        with open_tracking(uri) as tracking:
            return _outdated(tracking, outputs)
    except sqlite3.Error as error:
        raise PinionError(
            f"the MLflow store {uri} cannot be asked for what an earlier run left in it: {error}"
        ) from error


def _outdated(tracking: Tracking, outputs: Values) -> str | None:
    if "model_uri" in outputs.parameters:
        return _registration(tracking, str(outputs.parameters["model_uri"]))
    if evaluation := _Evaluation.read(outputs):
        return evaluation.outdated(tracking)
    if logs_a_model(outputs.parameters):
        run_id, model_id = (str(outputs.parameters[name]) for name in ("run_id", "model_id"))
        return _model(tracking, run_id, model_id)
    return "its traces in MLflow are not known"


def _model(tracking: Tracking, run_id: str, model_id: str) -> str | None:
    if tracking.tags(run_id) is None:
        return f"its MLflow run {run_id} is gone"
    if not tracking.has_model(model_id):
        return f"its MLflow model {model_id} is gone"
    return None


def _registration(tracking: Tracking, uri: str) -> str | None:
    """Whoever moved the alias since had a reason, which a run without news does not know."""
    model = ModelReference.parse(uri)
    there = model.version is not None and tracking.has_version(model.name, model.version)
    return None if there else f"{uri} is gone"


@dataclass(frozen=True)
class _Evaluation:
    """An evaluation result, with the hash that its run has of it."""

    document: Mapping[str, Any]
    sha256: str

    @classmethod
    def read(cls, outputs: Values) -> "_Evaluation | None":
        """None where the outputs hold no evaluation."""
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
        """A later evaluation of the model has its run; and a champion may have another version."""
        run_id = self.document["run_id"]
        if gone := _model(tracking, run_id, self.document["model_id"]):
            return gone
        if (tracking.tags(run_id) or {}).get(_EVALUATION) != self.sha256:
            return f"its MLflow run {run_id} holds another evaluation"
        if not (champion := self.document.get("champion")):
            return None
        name, alias = self.document["registered_model_name"], champion["alias"]
        if (at := tracking.alias_at(name, alias)) == champion["version"]:
            return None
        return f"the {alias} was {_version(champion['version'])} and is {_version(at)}"


def _version(number: int | None) -> str:
    return "nobody" if number is None else f"version {number}"
