"""One evaluation: a model on a test split, checked against thresholds."""

from dataclasses import dataclass
from typing import Any

from evaluate.gate.champion import Champion
from evaluate.gate.check import Check
from evaluate.gate.comparison import Comparison
from evaluate.gate.thresholds import ERROR_METRICS, Threshold, Thresholds
from evaluate.inputs.model import ModelFolder
from evaluate.measure.metrics import MAIN_METRIC, Measurement, baseline
from evaluate.measure.predictions import Predictions
from pinion_step.outputs import to_json


@dataclass(frozen=True)
class Evaluation:
    """The measurements and the verdict."""

    model: ModelFolder
    registered_model_name: str
    rows: int
    measurement: Measurement
    baseline: dict[str, float]
    checks: tuple[Check, ...]
    positive_class: int | float | str | bool | None
    comparison: Comparison | None = None

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
            "registered_model_name": self.registered_model_name,
            "rows": self.rows,
            "metrics": self.measurement.metrics,
            "baseline": self.baseline,
            "checks": [check.to_json() for check in self.checks],
        }
        if self.comparison is not None:
            document["champion"] = self.comparison.champion.to_json()
        if self.positive_class is not None:
            document["positive_class"] = self.positive_class
        return to_json(document)


def evaluate(
    model: ModelFolder,
    predictions: Predictions,
    thresholds: Thresholds,
    registered_model_name: str = "",
    champion: Champion | None = None,
) -> Evaluation:
    """Measure the predictions and check them; without thresholds, they must beat the baseline.

    A champion is needed if one of the thresholds is a change.
    """
    measurement = predictions.measure()
    floor = baseline(model.task, predictions.truth)
    classes = predictions.classes
    comparison = None
    if champion is not None:
        comparison = Comparison.of(predictions, measurement, champion)
    return Evaluation(
        model=model,
        registered_model_name=registered_model_name,
        rows=len(predictions.truth),
        measurement=measurement,
        baseline=floor,
        checks=tuple(
            each.hold(measurement.metrics, comparison)
            for each in thresholds.requirements or _beat_baseline(model.task, floor)
        ),
        positive_class=None if classes is None or len(classes) != 2 else classes.tolist()[1],
        comparison=comparison,
    )


def _beat_baseline(task: str, floor: dict[str, float]) -> tuple[Threshold, ...]:
    metric = MAIN_METRIC[task]
    return (Threshold(metric, floor[metric], metric not in ERROR_METRICS, baseline=True),)
