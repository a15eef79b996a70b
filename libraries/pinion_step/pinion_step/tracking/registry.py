"""A model version in MLflow's registry, which another step found before."""

from typing import TYPE_CHECKING

from pinion_step.champion import ModelVersion
from pinion_step.errors import StepError
from pinion_step.mlflow import answers, ignoring, mask

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as RegisteredVersion

_AGAIN = "it has changed since: run the pipeline again, so that resolve looks for the champion"


def registered(client: "MlflowClient", version: ModelVersion, flag: str) -> "RegisteredVersion":
    """Return what the registry knows about a version that a flag names.

    Raises `StepError` if it does not answer, or no longer has that version of that model.
    """
    found = None
    with (
        answers(client.tracking_uri, f"the model version {version.uri}"),
        ignoring(lambda error: error.error_code == "RESOURCE_DOES_NOT_EXIST"),
    ):
        found = client.get_model_version(version.name, str(version.number))
    where = f"{flag}: MLflow at {mask(client.tracking_uri)}"
    if found is None or not found.source:
        raise StepError(f"{where} does not have {version.uri}; {_AGAIN}")
    if version.model_id and found.source != f"models:/{version.model_id}":
        raise StepError(
            f"{where} has {found.source} as {version.uri}, not the model {version.model_id};"
            f" {_AGAIN}"
        )
    return found
