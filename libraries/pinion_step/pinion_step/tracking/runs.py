"""Experiments and runs of MLflow: found or made, and always ended."""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import TYPE_CHECKING

from pinion_step.errors import StepError
from pinion_step.mlflow import ignoring

if TYPE_CHECKING:
    from mlflow import MlflowClient

# The kind of an experiment, which MLflow otherwise guesses. The pages of 3.17 ignore it, and have a
# switch instead; see the README.
KIND = {"mlflow.experimentKind": "custom_model_development"}

_LABEL = 6  # characters of an id in the name of a run

ONCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}


def find_experiment(client: "MlflowClient", name: str, artifact_location: str | None) -> str:
    """Return the id of an experiment, which is created unless it exists."""
    from mlflow.entities import LifecycleStage

    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        with ignoring(lambda error: error.error_code == "RESOURCE_ALREADY_EXISTS"):
            client.create_experiment(name, artifact_location, tags=KIND)
        experiment = client.get_experiment_by_name(name)
    if experiment is None or experiment.lifecycle_stage != LifecycleStage.ACTIVE:
        raise StepError(
            f"the MLflow experiment {name!r} was deleted; restore it, or give another --experiment"
        )
    return str(experiment.experiment_id)


def run_name(what: str, environ: Mapping[str, str]) -> str:
    """Return a name that starts with the end of the pipeline run's id, else with a random one.

    MLflow's pages show the first 15 characters or so, and what was run is often the same.
    """
    letters = re.sub(r"\W", "", environ.get("PINION_PIPELINE_RUN", ""))
    return f"{letters[-_LABEL:] or token_hex(_LABEL // 2)} {what}"


def make_run(client: "MlflowClient", experiment_id: str, name: str, tags: Mapping[str, str]) -> str:
    """Return the id of a new run; of two with a name, no two may start in one millisecond.

    MLflow's client repeats a request whose answer was lost, which creates a second run.
    """
    start = int(time.time() * 1000)
    run_id: str = client.create_run(experiment_id, start, dict(tags), name).info.run_id
    twins = f"attributes.run_name = '{name}' AND attributes.start_time = {start}"
    for found in client.search_runs([experiment_id], twins):
        if found.info.run_id != run_id:
            note = f"made when the server's answer was lost; the run is {run_id}"
            client.set_tag(found.info.run_id, "pinion.note", note)
            client.set_terminated(found.info.run_id, "KILLED")
    return run_id


@contextmanager
def ending(end: Callable[[str], object]) -> Iterator[None]:
    """Call `end` with FINISHED, with FAILED, or with KILLED if a signal stopped the block."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except BaseException as error:
        # Without retries, because MLflow may be what failed; its error must not hide the reason.
        os.environ.update(ONCE)
        with suppress(MlflowException, SQLAlchemyError, OSError):
            end("FAILED" if isinstance(error, Exception) else "KILLED")
        raise
    end("FINISHED")
