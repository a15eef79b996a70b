"""The step: from a model folder and a test split to the texts of the outputs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from evaluate.evaluated import Evaluated
from evaluate.executor_output import native_outputs
from evaluate.gate.champion import Candidate, find_champion
from evaluate.gate.evaluation import Evaluation, evaluate
from evaluate.inputs.dataset import read_test_split
from evaluate.inputs.model import ModelFolder, load_estimator
from evaluate.lineage import lineage
from evaluate.measure.predictions import Predictions, predict
from evaluate.report import document
from evaluate.report.numbers.parts import groups
from evaluate.report.numbers.training import read_training
from evaluate.report.page import page
from evaluate.report.plots.gallery import figures
from evaluate.report.plots.output import as_png, left_out
from evaluate.request import Request
from evaluate.tracking import ARTIFACTS
from pinion_step.console import log
from pinion_step.errors import WrongCallError, some
from pinion_step.outputs import to_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient
    from mlflow.entities import Run

# Below this size, OpenMP's threads take longer to wake than to work, and the importance of the
# features needs hundreds of predictions.
MANY_CELLS = 5_000_000
# From this share of distinct values on, more than half of them have one row.
MOSTLY_LONE = 2 / 3


def measure(client: "MlflowClient", model: ModelFolder, request: Request, run: "Run") -> Evaluated:
    """Evaluate the model, and write at least the requested outputs; `run` is the model's."""
    candidate = read_candidate(model, request)
    estimator, split = candidate.estimator, candidate.split
    with threadpool_limits(1 if split.features.size < MANY_CELLS else None):
        predictions = predict(model, estimator, split, model.positive_class)
        champion = None
        if request.thresholds.compare:
            champion = find_champion(client, request.compare_with, candidate)
        evaluation = evaluate(model, predictions, request.thresholds, champion)
        numbers: dict[str, Any] = {}
        if not ARTIFACTS.keys().isdisjoint(request.outputs):
            numbers = document.build(evaluation, predictions, candidate, request.slices)
            numbers["training"] = read_training(client, run, numbers["main_metric"])
            numbers["provenance"] = document.provenance(
                evaluation, candidate, request, run.data.params
            )
            evaluation = replace(evaluation, intervals=intervals_in(numbers))
        outputs = texts(evaluation, predictions, request)
    if not numbers:
        return Evaluated(evaluation, split, outputs)
    drawn = figures(numbers)
    outputs |= {"report": page(numbers, drawn), "report_data": to_json(numbers)}
    return Evaluated(evaluation, split, outputs, pictures(drawn))


def intervals_in(numbers: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Return the interval of each metric that has one."""
    return {
        each["name"]: (each["low"], each["high"])
        for each in numbers["metrics"]
        if each["low"] is not None
    }


def pictures(drawn: "Mapping[str, Figure]") -> dict[str, bytes]:
    """Return the figures as PNG; a figure that cannot be one is left out, with a warning."""
    found = {}
    for name, figure in drawn.items():
        with left_out(name):
            found[name] = as_png(figure)
    return found


def read_candidate(model: ModelFolder, request: Request) -> Candidate:
    """Read the model and the test split, and warn about classes and slices with too few rows."""
    estimator = load_estimator(model)
    split = read_test_split(request.test_data, model.target, estimator)
    candidate = Candidate(model, estimator, split)
    check_slices(candidate, request.slices)
    if absent := absent_classes(candidate):
        log("evaluate", f"warning: {absent}")
    for warning in lone_rows(candidate, request.slices):
        log("evaluate", f"warning: {warning}")
    return candidate


def texts(evaluation: Evaluation, predictions: Predictions, request: Request) -> dict[str, str]:
    """Return the texts of all outputs but the report."""
    measured = evaluation.measurement.metrics
    metrics = to_json(measured)
    outputs = {
        "result": evaluation.to_json(),
        "test_metrics": metrics,
        "lineage": lineage(request, predictions, metrics),
    }
    if {"classification_metrics", "executor_output"} & request.outputs.keys():
        outputs |= native_outputs(measured, predictions)
    return outputs


def absent_classes(candidate: Candidate) -> str:
    """Return a line about the classes that the test split lacks; empty if it has all or none."""
    known = np.asarray(getattr(candidate.estimator, "classes_", ())).tolist()
    absent = sorted(set(known) - set(candidate.split.target.tolist()), key=str)
    if not absent or len(absent) == len(known):  # the second is an error of `predict`
        return ""
    return (
        f"the test split has no row of {len(absent)} of the {len(known)} classes: {some(absent)}; "
        "balanced_accuracy is the mean of the others, and roc_auc is left out; raise "
        "--test-fraction of preprocess, or give more rows"
    )


def check_slices(candidate: Candidate, columns: Sequence[str]) -> None:
    """Raise `WrongCallError` for a column that is not a feature of the model."""
    known = [str(name) for name in candidate.split.features.columns]
    if unknown := [name for name in columns if name not in known]:
        raise WrongCallError(
            f"--slices: {unknown[0]!r} is not a feature column of the test data; "
            f"the features are {', '.join(known[:20])}",
        )


def lone_rows(candidate: Candidate, columns: Sequence[str]) -> Iterator[str]:
    """Yield a line about each column by whose values there is hardly more than a row in a slice."""
    for name in columns:
        column = candidate.split.features[name]
        found = len(groups(column)[0])
        if found > MOSTLY_LONE * len(column):
            yield (
                f"--slices: {name!r} has {found} values in {len(column)} test rows, so most slices"
                " have one row, which tells nothing; name a column with fewer values, or group them"
                " in the source"
            )
