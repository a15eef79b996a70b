"""MLflow: the run that a model came from, and the verdict recorded in it."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from evaluate.description import describe_run
from pinion_step.mlflow import answers, connect
from pinion_step.outputs import write_text
from pinion_step.store import check_store
from pinion_step.tracking.datasets import describe_dataset, log_dataset
from pinion_step.tracking.descriptions import NOTE

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Dataset, Run

    from evaluate.evaluated import Evaluated
    from evaluate.gate.evaluation import Evaluation
    from evaluate.request import Request

# The outputs that are also stored in MLflow, and their names there.
ARTIFACTS = {"report": "report.html", "report_data": "report.json"}


def open_run(uri: str, run_id: str, model_id: str) -> tuple["MlflowClient", "Run"]:
    """Connect to the store, and return the model's run too.

    Raises `StepError` unless the store holds the run and the model.
    """
    check_store(uri)
    client = connect(uri)
    with answers(uri, f"the run {run_id} of the model"):
        run = client.get_run(run_id)
    with answers(uri, f"the model {model_id}"):
        client.get_logged_model(model_id)
    return client, run


def save(client: "MlflowClient", run: "Run", evaluated: "Evaluated", request: "Request") -> None:
    """Record the lineage, the report and its plots if there is one, and then the verdict.

    The metrics are `test_<metric>` of the run, its model and the test rows.
    """
    from mlflow.entities import Metric, RunTag

    evaluation, uri = evaluated.evaluation, client.tracking_uri
    with answers(uri, f"the artifacts of the run {run.info.run_id}"), files(evaluated) as folder:
        client.log_artifacts(run.info.run_id, str(folder))
    dataset = test_dataset(evaluated, run)
    tags = _tags(evaluation, request, evaluated.outputs) | {NOTE: describe_run(evaluated, run)}
    now = int(time.time() * 1000)
    with answers(uri, f"the run {run.info.run_id}"):
        log_dataset(client, run.info.run_id, dataset, "evaluation")
        of = (now, 0, evaluation.model.model_id, dataset.name, dataset.digest)
        client.log_batch(
            run.info.run_id,
            metrics=[
                Metric(f"test_{name}", value, *of)
                for name, value in sorted(evaluation.measurement.metrics.items())
            ],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )


@contextmanager
def files(evaluated: "Evaluated") -> Iterator[Path]:
    """Give a folder with the artifacts, which are uploaded in one call."""
    with TemporaryDirectory(prefix="evaluate-") as name:
        folder = Path(name)
        for part in ("evaluation", "lineage", "plots"):
            (folder / part).mkdir()
        for output in ARTIFACTS.keys() & evaluated.outputs.keys():
            write_text(folder / "evaluation" / ARTIFACTS[output], evaluated.outputs[output])
        write_text(folder / "lineage" / "evaluate.json", evaluated.outputs["lineage"])
        for plot, picture in evaluated.plots.items():
            (folder / "plots" / f"{plot}.png").write_bytes(picture)
        yield folder


def test_dataset(evaluated: "Evaluated", run: "Run") -> "Dataset":
    """Return the test rows as a dataset of the same source and columns as the training rows."""
    sha256 = json.loads(evaluated.outputs["lineage"])["inputs"]["test_data"]
    trained_on = [each.dataset for each in run.inputs.dataset_inputs] if run.inputs else []
    schema = trained_on[0].schema or "" if trained_on else ""
    source = evaluated.split.origin.get("source", "")
    return describe_dataset(source, sha256, schema, *evaluated.split.features.shape)


def _tags(
    evaluation: "Evaluation", request: "Request", outputs: Mapping[str, str]
) -> dict[str, str]:
    # The hash tells whether a later evaluation of the model has overwritten this one in the run.
    documents = "".join(outputs.get(name, "") for name in ("result", "report_data"))
    # What the verdict depends on beside the data and the model: so a refusal is found again.
    gate = {
        "compare_with": str(request.compare_with or ""),
        "thresholds": request.thresholds.document,
    }
    tags = {
        "pinion.evaluation": "passed" if evaluation.passed else "failed",
        "pinion.evaluation.sha256": hashlib.sha256(documents.encode()).hexdigest(),
        "pinion.evaluation.gate": json.dumps(gate, sort_keys=True),
    }
    return {**tags, "pinion.recipe": request.recipe} if request.recipe else tags
