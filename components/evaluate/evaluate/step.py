"""The step: from a model folder and a test split to the texts of the outputs."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from evaluate.executor_output import native_outputs
from evaluate.gate.champion import Candidate, find_champion
from evaluate.gate.evaluation import Evaluation, evaluate
from evaluate.inputs.dataset import read_test_split
from evaluate.inputs.model import ModelFolder, load_estimator
from evaluate.lineage import lineage
from evaluate.measure.predictions import predict
from evaluate.report.files import check_slices, report_files
from evaluate.request import Request
from evaluate.tracking import log_files, record, run_parameters
from pinion_step.outputs import to_json

if TYPE_CHECKING:
    from mlflow import MlflowClient

# Below this size, OpenMP's threads take longer to wake than to work, and the importance of the
# features needs hundreds of predictions.
MANY_CELLS = 5_000_000

# The outputs that are also stored in MLflow, and their names there.
_ARTIFACTS = {"report": "report.html", "report_data": "report.json"}
_NATIVE = {"classification_metrics", "executor_output"}


def measure(
    client: "MlflowClient", model: ModelFolder, request: Request
) -> tuple[Evaluation, dict[str, str]]:
    """Evaluate the model, and return the texts of at least the requested outputs, by name.

    `lineage` among them is for MLflow only.
    """
    estimator = load_estimator(model)
    split = read_test_split(request.test_data, model.target, estimator)
    cells = split.features.shape[0] * split.features.shape[1]
    with threadpool_limits(1 if cells < MANY_CELLS else None):
        return _measured(client, Candidate(model, estimator, split), request)


def _measured(
    client: "MlflowClient", candidate: Candidate, request: Request
) -> tuple[Evaluation, dict[str, str]]:
    model = candidate.model
    check_slices(candidate, request.slices)
    predictions = predict(model, candidate.estimator, candidate.split)
    champion, name = None, request.registered_model_name
    if request.thresholds.compare:
        champion = find_champion(client, name, request.alias, candidate)
    evaluation = evaluate(model, predictions, request.thresholds, name, champion)
    measured = evaluation.measurement.metrics
    outputs = {"result": evaluation.to_json(), "metrics": to_json(measured)}
    outputs["lineage"] = lineage(request, predictions, outputs["metrics"])
    if not _NATIVE.isdisjoint(request.outputs):
        outputs |= native_outputs(measured, predictions)
    if not _ARTIFACTS.keys().isdisjoint(request.outputs):
        parameters = run_parameters(client, model.run_id)
        files = report_files(
            evaluation, predictions, candidate, parameters, request.thresholds.given, request.slices
        )
        outputs |= {name: files[file] for name, file in _ARTIFACTS.items()}
    return evaluation, outputs


def save(client: "MlflowClient", evaluation: Evaluation, outputs: Mapping[str, str]) -> None:
    """Record the lineage, the report if there is one, and then the verdict in MLflow."""
    model = evaluation.model
    reports = {
        f"evaluation/{file}": outputs[name] for name, file in _ARTIFACTS.items() if name in outputs
    }
    log_files(client, model.run_id, reports | {"lineage/evaluate.json": outputs["lineage"]})
    # The hash tells whether a later evaluation of the model has overwritten this one in the run.
    documents = "".join(outputs.get(name, "") for name in ("result", "report_data"))
    tags = {
        "pinion.evaluation": "passed" if evaluation.passed else "failed",
        "pinion.evaluation.sha256": hashlib.sha256(documents.encode()).hexdigest(),
    }
    record(client, model.run_id, model.model_id, evaluation.measurement.metrics, tags)
