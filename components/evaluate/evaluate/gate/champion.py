"""The champion: the model version in use, measured again on the rows of this evaluation."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluate.inputs.dataset import Split
from evaluate.inputs.model import Estimator, ModelFolder, load_estimator, read_model_folder
from evaluate.measure.predictions import Predictions, predict
from pinion_step.champion import ModelVersion
from pinion_step.errors import StepError
from pinion_step.mlflow import answers, mask
from pinion_step.tracking.registry import registered

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow's words for a failed download, which says nothing about the champion itself.
_TRANSIENT = (
    "Max retries exceeded",
    "timeout exception",
    "Connection broken",
    "IncompleteRead",
    "Response ended prematurely",
    "No space left on device",
)


@dataclass(frozen=True)
class Champion:
    """The model version to compare with, and its predictions.

    `compared` is None if there is none. `predictions` is None in that case, and if the version
    cannot be compared, for the `reason`.
    """

    compared: ModelVersion | None = None
    predictions: Predictions | None = None
    reason: str = ""
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        """The version's address in the registry, empty if there is none."""
        return self.compared.uri if self.compared else ""

    def to_json(self) -> dict[str, Any]:
        """Return the champion as it stands in the evaluation result."""
        if self.compared is None:
            return {"version": None}
        document: dict[str, Any] = {"name": self.compared.name, "version": self.compared.number}
        if self.predictions is not None:
            document["metrics"] = self.metrics
        if self.reason:
            document["reason"] = self.reason
        return document


@dataclass(frozen=True)
class Candidate:
    """The model under evaluation, to which the champion is compared."""

    model: ModelFolder
    estimator: Estimator
    split: Split


def find_champion(
    client: "MlflowClient", compared: ModelVersion | None, candidate: Candidate
) -> Champion:
    """Let the version to compare with predict the candidate's rows; None is no champion.

    If the version cannot be loaded or has another schema, the champion has a reason and no
    predictions. Raises `StepError` if the store does not answer, or does not have that version.
    """
    champion = Champion(compared)
    if compared is None:
        return champion
    registered(client, compared, "--compare-with")
    with TemporaryDirectory(prefix="champion-") as folder:
        try:
            with answers(client.tracking_uri, f"the files of {champion.uri}"):
                files = _download(champion.uri, folder)
            model = read_model_folder(files)
            predictions = _predictions(model, candidate)
        except StepError as error:
            if any(words in str(error.__cause__) for words in _TRANSIENT):
                raise
            # The temporary folder has a new name each time, and equal inputs give equal outputs.
            said = str(error).replace(folder, champion.uri)
            reason = f"the champion {champion.uri} cannot be compared with: {said}"
            return replace(champion, reason=reason)
    return replace(champion, predictions=predictions, metrics=predictions.measure().metrics)


def _download(uri: str, folder: str) -> Path:
    """Copy the version's model folder; raises `StepError` if it cannot be read."""
    import mlflow

    # MLflow would draw a progress bar on a terminal.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    try:
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder))
    except MemoryError:
        raise
    except Exception as error:  # each store of artifacts has its own errors
        raise StepError(
            f"its files cannot be read ({type(error).__name__}: {mask(str(error))[:400]})"
        ) from error


def _predictions(model: ModelFolder, candidate: Candidate) -> Predictions:
    _same("task", model.task, candidate.model.task)
    _same("target", model.target, candidate.model.target)
    estimator = load_estimator(model)
    _same_columns(_columns(estimator), _columns(candidate.estimator))
    _same("classes", _labels(estimator), _labels(candidate.estimator))
    features = candidate.split.features
    names = _columns(estimator) or list(features.columns)
    # A champion may have another positive class; both are measured by the candidate's.
    positive = candidate.model.positive_class
    return predict(model, estimator, Split(features[names], candidate.split.target), positive)


def _same(what: str, champion: object, candidate: object) -> None:
    if champion != candidate:
        raise StepError(f"its {what} is {champion!r}, this model's is {candidate!r}")


def _same_columns(champion: Sequence[str], candidate: Sequence[str]) -> None:
    lost = [name for name in champion if name not in candidate]
    new = [name for name in candidate if name not in champion]
    if lost or new:
        raise StepError(
            "its feature columns are others: "
            f"it has {lost[:5]} that this model has not, and lacks {new[:5]}"
        )


def _columns(estimator: Estimator) -> list[str]:
    return [str(name) for name in getattr(estimator, "feature_names_in_", ())]


def _labels(estimator: Estimator) -> list[Any]:
    labels: list[Any] = np.asarray(getattr(estimator, "classes_", ())).tolist()
    return labels
