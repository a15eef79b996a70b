"""MLflow: the run that a model came from, and the verdict recorded in it."""

import hashlib
import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pinion_step.mlflow import answers, connect
from pinion_step.store import check_store

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

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


def save(
    client: "MlflowClient",
    evaluation: "Evaluation",
    request: "Request",
    outputs: Mapping[str, str],
) -> None:
    """Record the lineage, the report if there is one, and then the verdict.

    The metrics are `test_<metric>` of the run and its model.
    """
    from mlflow.entities import Metric, RunTag

    model, metrics = evaluation.model, evaluation.measurement.metrics
    with answers(client.tracking_uri, f"the artifacts of the run {model.run_id}"):
        for name in ARTIFACTS.keys() & outputs.keys():
            client.log_text(model.run_id, outputs[name], f"evaluation/{ARTIFACTS[name]}")
        client.log_text(model.run_id, outputs["lineage"], "lineage/evaluate.json")
    tags = _tags(evaluation, request, outputs)
    now = int(time.time() * 1000)
    with answers(client.tracking_uri, f"the run {model.run_id}"):
        client.log_batch(
            model.run_id,
            metrics=[
                Metric(f"test_{name}", value, now, 0, model_id=model.model_id)
                for name, value in sorted(metrics.items())
            ],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )


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
