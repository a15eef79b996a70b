"""MLflow: the store that holds the model's run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pinion_step.errors import StepError
from pinion_step.mlflow import answers, connect, ignoring, mask
from pinion_step.store import check_store
from register.model import ModelFolder

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException


@contextmanager
def open_store(uri: str, model: ModelFolder) -> Iterator[tuple["MlflowClient", dict[str, str]]]:
    """Give a client of the store of the model's run, and the tags of the run.

    MLflow's errors in the body become `StepError`. Raises `StepError` if the store cannot be used,
    lacks the run or the model, or holds a model that was not logged completely.
    """
    check_store(uri)
    client = connect(uri)
    gone = f"the run {model.run_id} of the model"
    with answers(uri, gone), ignoring(_is_missing):
        run = client.get_run(model.run_id)
        if run.info.lifecycle_stage == "active":
            gone = f"the model {model.model_id}"
            # MLflow itself would register a model whose files never arrived.
            _check_is_ready(client.get_logged_model(model.model_id).status, model)
            gone = ""
    if gone:
        # A step that was cached may have made the model long ago.
        raise StepError(
            f"MLflow at {mask(uri)} does not have {gone}, which was deleted or is in another"
            " store; run the pipeline again with --no-cache to train the model anew, or give the"
            " tracking URI that train used"
        )
    with answers(uri, f"the model {model.model_id}"):
        yield client, run.data.tags


def _is_missing(error: "MlflowException") -> bool:
    return error.error_code == "RESOURCE_DOES_NOT_EXIST"


def _check_is_ready(status: str, model: ModelFolder) -> None:
    if status != "READY":
        raise StepError(
            f"the model {model.model_id} is {status}, not READY, because its training failed or was"
            " interrupted; train it again"
        )
