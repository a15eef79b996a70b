"""The numbers of the report, as one JSON document."""

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from evaluate.gate.champion import Candidate
from evaluate.gate.evaluation import Evaluation
from evaluate.measure.metrics import MAIN_METRIC
from evaluate.measure.predictions import Predictions
from evaluate.measure.resampling import (
    CONFIDENCE,
    Distributions,
    distributions,
    intervals,
    resampled_rows,
)
from evaluate.report.console import demand, value_of
from evaluate.report.numbers import curves
from evaluate.report.numbers.classes import confusion, per_class
from evaluate.report.numbers.errors import predicted_against_true, residuals
from evaluate.report.numbers.parts import IMPORTANCE_ROWS, importance, slices
from evaluate.request import Request

_LIBRARIES = ("scikit-learn", "skops", "numpy", "pandas", "pyarrow", "mlflow-skinny")


def build(
    evaluation: Evaluation, predictions: Predictions, candidate: Candidate, columns: Sequence[str]
) -> dict[str, Any]:
    """Return what the page shows but the provenance, with slices by some columns."""
    with np.errstate(all="ignore"):
        task = evaluation.model.task
        positive = evaluation.positive_class
        parts = _classification if task == "classification" else _regression
        return {
            "task": task,
            "target": evaluation.model.target,
            "passed": evaluation.passed,
            "rows": evaluation.rows,
            "main_metric": MAIN_METRIC[task],
            "checks": [
                check.to_json() | {"shown": value_of(check), "demand": demand(check)}
                for check in evaluation.checks
            ],
            "left_out": list(evaluation.measurement.left_out),
            "baseline": evaluation.baseline,
            "positive_class": None if positive is None else str(positive),
            "shown_as": evaluation.shown_as,
            "confidence_of_intervals": CONFIDENCE,
            "rows_resampled": resampled_rows(evaluation.rows, predictions.classes),
            **_metrics(evaluation, predictions),
            **parts(predictions),
            "importance": importance(task, candidate.estimator, candidate.split),
            "rows_shuffled": min(evaluation.rows, IMPORTANCE_ROWS),
            **slices(predictions, candidate.split, columns),
        }


def _metrics(evaluation: Evaluation, predictions: Predictions) -> dict[str, Any]:
    champion, measured = evaluation.champion, evaluation.measurement.metrics
    if champion is None or not evaluation.resampled:
        own = distributions([predictions], [measured])[0]
        return {"metrics": _with_intervals(measured, own)}
    own, others = evaluation.resampled
    ahead = {name: own[name] - others[name] for name in own if name in others}
    differences = {
        name: measured[name] - value for name, value in champion.metrics.items() if name in measured
    }
    return {
        "metrics": _with_intervals(measured, own),
        "champion": champion.to_json() | {"uri": champion.uri},
        "differences": _with_intervals(differences, ahead),
    }


def _with_intervals(measured: Mapping[str, float], drawn: Distributions) -> list[dict[str, Any]]:
    found = intervals(drawn)
    return [
        {"name": name, "value": value, "low": low, "high": high}
        for name, value in sorted(measured.items())
        for low, high in [found.get(name, (None, None))]
    ]


def _classification(predictions: Predictions) -> dict[str, Any]:
    return {
        **per_class(predictions),
        "confusion": confusion(predictions),
        "roc": curves.roc(predictions),
        "precision_recall": curves.precision_recall(predictions),
        "calibration": curves.calibration(predictions),
        "threshold": curves.threshold(predictions),
    }


def _regression(predictions: Predictions) -> dict[str, Any]:
    return {
        "predicted_against_true": predicted_against_true(predictions),
        "residuals": residuals(predictions),
    }


def provenance(
    evaluation: Evaluation, candidate: Candidate, request: Request, parameters: Mapping[str, str]
) -> dict[str, str]:
    """Return where the model and the data come from; `parameters` are those of the model's run."""
    components = os.environ.get("PINION_COMPONENTS", "")
    pinned = dict(pair.partition("=")[::2] for pair in components.split(",") if pair)
    return {
        "model": evaluation.model.model_id,
        "run": evaluation.model.run_id,
        "release": os.environ.get("PINION_RELEASE") or "none, run by hand",
        # A version, and the digest of its image if it is known: 0.1.0 sha256:…
        **{f"component {name}": pin.replace("@", " ") for name, pin in sorted(pinned.items())},
        **{f"dataset {name}": text for name, text in sorted(candidate.split.origin.items())},
        **{f"parameter {name}": text for name, text in sorted(parameters.items())},
        "thresholds": request.thresholds.given or "{}",
        **{f"library {name}": version(name) for name in _LIBRARIES},
        "python": platform.python_version(),
    }
