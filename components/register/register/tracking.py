"""MLflow: the store that holds the model's run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pinion_step.errors import StepError
from pinion_step.mlflow import answers, connect
from pinion_step.store import check_store
from register.model import ModelFolder

if TYPE_CHECKING:
    from mlflow import MlflowClient


@contextmanager
def open_store(uri: str, model: ModelFolder) -> Iterator[tuple["MlflowClient", dict[str, str]]]:
    """Give a client of the store of the model's run, and the tags of the run.

    MLflow's errors in the body become `StepError`. Raises `StepError` if the store cannot be used,
    lacks the run or the model, or holds a model that was not logged completely.
    """
    check_store(uri)
    client = connect(uri)
    with answers(uri, f"the run {model.run_id} of the model"):
        run_tags = client.get_run(model.run_id).data.tags
    with answers(uri, f"the model {model.model_id}"):
        # MLflow itself would register a model whose files never arrived.
        status = client.get_logged_model(model.model_id).status
        if status != "READY":
            raise StepError(
                f"the model {model.model_id} is {status}, not READY, because its training failed or"
                " was interrupted; train it again"
            )
        yield client, run_tags
