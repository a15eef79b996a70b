"""One evaluation: a model on a test split, checked against thresholds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evaluate.gate.champion import Champion
from evaluate.gate.change import Change, Check
from evaluate.gate.thresholds import ERROR_METRICS, Requirement, Threshold, Thresholds
from evaluate.inputs.model import ModelFolder
from evaluate.measure.metrics import OF_POSITIVE_CLASS, Measurement, baseline
from evaluate.measure.predictions import Predictions
from evaluate.measure.resampling import Distributions, distributions
from pinion_step.errors import one_line
from pinion_step.outputs import to_json

_LONGEST_LABEL = 40  # characters of a class in the name of a metric


@dataclass(frozen=True)
class Evaluation:
    """The measurements and the verdict; `intervals` has those of the metrics that have one."""

    model: ModelFolder
    rows: int
    measurement: Measurement
    baseline: dict[str, float]
    checks: tuple[Check, ...]
    positive_class: int | float | str | bool | None
    champion: Champion | None = None
    resampled: Sequence[Distributions] = ()
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def shown_as(self) -> dict[str, str]:
        """Return the metrics that a person must know the class of, such as `recall of "yes"`."""
        if self.positive_class is None:
            return {}
        label = one_line(self.positive_class, _LONGEST_LABEL)
        return {metric: f'{metric} of "{label}"' for metric in OF_POSITIVE_CLASS}

    @property
    def passed(self) -> bool:
        """Return whether every check passed."""
        return all(check.passed for check in self.checks)

    def to_json(self) -> str:
        """Return the evaluation result, in the format of `components/README.md`."""
        document: dict[str, Any] = {
            "passed": self.passed,
            "task": self.model.task,
            "model_id": self.model.model_id,
            "run_id": self.model.run_id,
            "rows": self.rows,
            "metrics": self.measurement.metrics,
            "baseline": self.baseline,
            "checks": [check.to_json() for check in self.checks],
        }
        if self.intervals:
            document["intervals"] = self.intervals
        if self.champion is not None:
            document["champion"] = self.champion.to_json()
        if self.positive_class is not None:
            document["positive_class"] = self.positive_class
            document["shown_as"] = self.shown_as
        return to_json(document)


def evaluate(
    model: ModelFolder,
    predictions: Predictions,
    thresholds: Thresholds,
    champion: Champion | None = None,
) -> Evaluation:
    """Measure the predictions and check them; without thresholds, they must beat the baseline."""
    measurement = predictions.measure()
    floor = baseline(model.task, predictions.truth)
    demands = thresholds.requirements or _beat_baseline(predictions, floor)
    classes = predictions.classes
    resampled: list[Distributions] = []
    if champion is not None and champion.predictions is not None:
        # The rows of both alike, so that rows which are easy for both cancel out.
        metrics = [measurement.metrics, champion.metrics]
        resampled = distributions([predictions, champion.predictions], metrics)
    return Evaluation(
        model=model,
        rows=len(predictions.truth),
        measurement=measurement,
        baseline=floor,
        checks=tuple(hold(each, measurement.metrics, champion, resampled) for each in demands),
        positive_class=None if classes is None or len(classes) != 2 else classes.tolist()[1],
        champion=champion,
        resampled=resampled,
    )


def _beat_baseline(predictions: Predictions, floor: dict[str, float]) -> tuple[Requirement, ...]:
    """Return the checks of a model without thresholds.

    Accuracy is not among them: a model that always answers with a frequent class has much of it.
    """
    if predictions.classes is None:
        gated = ["rmse"]
    elif predictions.probabilities is None:
        gated = ["balanced_accuracy"]
    else:
        gated = ["balanced_accuracy", "log_loss"]
    return tuple(
        Threshold(metric, floor[metric], metric not in ERROR_METRICS, baseline=True)
        for metric in gated
    )


def hold(
    requirement: Requirement,
    metrics: Mapping[str, float],
    champion: Champion | None,
    resampled: Sequence[Distributions],
) -> Check:
    """Check one metric against its limit or the champion's; `resampled` are those of both."""
    if isinstance(requirement, Threshold):
        return requirement.hold(metrics)
    if champion is None:
        raise ValueError(f"{requirement.kind} of {requirement.metric} needs a champion")
    value = metrics.get(requirement.metric)
    if champion.reason:
        return requirement.refuse(value, champion.reason)
    if champion.compared is None:
        return requirement.waive(value, "there is no champion to compare with")
    sure = confidence(requirement, *resampled)
    return requirement.check(value, champion.metrics.get(requirement.metric), sure)


def confidence(change: Change, candidate: Distributions, champion: Distributions) -> float | None:
    """Return the share of resamples in which the candidate beats the champion by the change.

    A resample that meets the limit exactly counts half, so that equal models get 0.5. None if the
    metric has no distribution.
    """
    if change.metric not in candidate or change.metric not in champion:
        return None
    margin = candidate[change.metric] - change.limit(champion[change.metric])
    margin = margin[np.isfinite(margin)] * (1 if change.greater_is_better else -1)
    if not len(margin):
        return None
    # Values that differ only by rounding are equal.
    return float(np.mean(np.where(np.abs(margin) <= 1e-12, 0.5, margin > 0)))
