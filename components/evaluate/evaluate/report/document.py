"""The numbers of the report, as one JSON document."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np

from evaluate.gate.champion import Candidate
from evaluate.gate.check import Check
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
from evaluate.report import curves
from evaluate.report.console import demand, value_of
from evaluate.report.parts import IMPORTANCE_ROWS, importance, slices

_LIBRARIES = ("scikit-learn", "skops", "numpy", "pandas", "pyarrow", "mlflow-skinny")


@dataclass(frozen=True)
class Origin:
    """Where the model and its data come from; the report only shows it."""

    release: str = ""
    components: str = ""
    dataset: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    thresholds: str = ""
    slices: Sequence[str] = ()


def build(
    evaluation: Evaluation, predictions: Predictions, candidate: Candidate, origin: Origin
) -> dict[str, Any]:
    """Return everything that the page shows; equal inputs give equal documents."""
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
            "checks": [_check(check) for check in evaluation.checks],
            "left_out": list(evaluation.measurement.left_out),
            "baseline": evaluation.baseline,
            "positive_class": None if positive is None else str(positive),
            "confidence_of_intervals": CONFIDENCE,
            "rows_resampled": resampled_rows(evaluation.rows, predictions.classes),
            **_metrics(evaluation, predictions),
            **parts(predictions),
            "importance": importance(task, candidate.estimator, candidate.split),
            "rows_shuffled": min(evaluation.rows, IMPORTANCE_ROWS),
            **slices(predictions, candidate.split, origin.slices),
            "provenance": _provenance(evaluation, origin),
        }


def _check(check: Check) -> dict[str, Any]:
    said = {"shown": value_of(check), "demand": demand(check)}
    return check.to_json() | said


def _metrics(evaluation: Evaluation, predictions: Predictions) -> dict[str, Any]:
    comparison, measured = evaluation.comparison, evaluation.measurement.metrics
    if comparison is None or not comparison.resampled:
        own = distributions([predictions], [measured])[0]
        return {"metrics": _with_intervals(measured, own)}
    own, others = comparison.resampled
    champion = comparison.champion
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
    nothing = (None, None)
    return [
        {"name": name, "value": value, "low": low, "high": high}
        for name, value in sorted(measured.items())
        for low, high in [found.get(name, nothing)]
    ]


def _classification(predictions: Predictions) -> dict[str, Any]:
    return {
        **curves.per_class(predictions),
        "confusion": curves.confusion(predictions),
        "roc": curves.roc(predictions),
        "precision_recall": curves.precision_recall(predictions),
        "calibration": curves.calibration(predictions),
    }


def _regression(predictions: Predictions) -> dict[str, Any]:
    return {
        "predicted_against_true": curves.predicted_against_true(predictions),
        "residuals": curves.residuals(predictions),
    }


def _provenance(evaluation: Evaluation, origin: Origin) -> dict[str, str]:
    pinned = dict(pair.partition("=")[::2] for pair in origin.components.split(",") if pair)
    return {
        "model": evaluation.model.model_id,
        "run": evaluation.model.run_id,
        "release": origin.release or "none, run by hand",
        # A version, and the digest of its image if it is known: 0.1.0 sha256:…
        **{f"component {name}": pin.replace("@", " ") for name, pin in sorted(pinned.items())},
        **{f"dataset {name}": text for name, text in sorted(origin.dataset.items())},
        **{f"parameter {name}": text for name, text in sorted(origin.parameters.items())},
        "thresholds": origin.thresholds,
        **{f"library {name}": version(name) for name in _LIBRARIES},
        "python": platform.python_version(),
    }
