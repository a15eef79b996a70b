"""One evaluation: a model on a test split, held against thresholds."""

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evaluate.dataset import Split
from evaluate.errors import EvaluateError
from evaluate.metrics import (
    MAIN_METRIC,
    Measurement,
    baseline,
    classification_metrics,
    regression_metrics,
)
from evaluate.model import Estimator, ModelFolder
from evaluate.thresholds import ERROR_METRICS, Check, Threshold


@dataclass(frozen=True)
class Evaluation:
    """What was measured and the verdict on it."""

    model: ModelFolder
    registered_model_name: str
    rows: int
    measurement: Measurement
    baseline: dict[str, float]
    checks: tuple[Check, ...]
    positive_class: int | float | str | bool | None

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    def to_json(self) -> str:
        """The evaluation result as `components/README.md` has it."""
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
        if self.positive_class is not None:
            document["positive_class"] = self.positive_class
        return to_json(document)


def to_json(document: Mapping[str, object]) -> str:
    """The one spelling of a JSON output, so that equal documents are equal bytes."""
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n"


def evaluate(
    model: ModelFolder,
    estimator: Estimator,
    split: Split,
    thresholds: Sequence[Threshold],
    registered_model_name: str = "",
) -> Evaluation:
    """Measures the estimator and makes the checks; without thresholds it must beat the baseline."""
    classes = _classes(model, estimator)
    measurement = _measure(model, estimator, split, classes)
    floor = baseline(model.task, split.target)
    return Evaluation(
        model=model,
        registered_model_name=registered_model_name,
        rows=len(split.target),
        measurement=measurement,
        baseline=floor,
        checks=tuple(
            threshold.check(measurement.metrics)
            for threshold in thresholds or _beat_baseline(model.task, floor)
        ),
        positive_class=None if classes is None or len(classes) != 2 else classes.tolist()[1],
    )


def _beat_baseline(task: str, floor: dict[str, float]) -> tuple[Threshold, ...]:
    metric = MAIN_METRIC[task]
    return (Threshold(metric, floor[metric], metric not in ERROR_METRICS, baseline=True),)


def _classes(model: ModelFolder, estimator: Estimator) -> np.ndarray | None:
    if model.task == "regression":
        return None
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        raise EvaluateError(
            f"the model {model.estimator_file} is for a classification, "
            "but its estimator has no classes; train it again"
        )
    return np.asarray(classes)


def _measure(
    model: ModelFolder, estimator: Estimator, split: Split, classes: np.ndarray | None
) -> Measurement:
    if classes is None:
        truth = _numbers(split.target, f"the target {model.target!r}")
        predicted = _ask(estimator.predict, split)
        return regression_metrics(truth, _numbers(predicted, "the model's predictions"))
    if not set(split.target.tolist()) & set(classes.tolist()):
        raise EvaluateError(
            f"no label of the target {model.target!r} is one the model knows: the test data has "
            f"{split.target.tolist()[0]!r}, the model {classes.tolist()[:5]}; give the test split "
            "that was made with its train split"
        )
    predicted = _ask(estimator.predict, split)
    # A support vector machine has the method only when it was told to.
    predict_proba = getattr(estimator, "predict_proba", None)
    probabilities = None if predict_proba is None else _ask(predict_proba, split)
    return classification_metrics(split.target, predicted, probabilities, classes)


def _ask(method: Callable[[pd.DataFrame], np.ndarray], split: Split) -> np.ndarray:
    """Calls one of the estimator's methods on the features."""
    try:
        with warnings.catch_warnings():
            # A category that training never saw is what a test split is there to hold, and the
            # encoder's documented answer to it is part of what is measured.
            warnings.filterwarnings("ignore", "Found unknown categories", UserWarning)
            return np.asarray(method(split.features))
    except MemoryError:
        raise
    except Exception as error:  # an estimator may raise anything for data it does not expect
        raise EvaluateError(
            f"the model cannot predict the test data ({type(error).__name__}: {error}); "
            "give the test split that was made with its train split"
        ) from error


def _numbers(values: np.ndarray, name: str) -> np.ndarray:
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EvaluateError(f"{name} are not numbers, as a regression needs ({error})") from error
    numbers = numbers.reshape(len(numbers), -1)[:, 0] if numbers.ndim > 1 else numbers
    if bad := int(np.count_nonzero(~np.isfinite(numbers))):
        raise EvaluateError(f"{name} are NaN or infinite in {bad} of {len(numbers)} rows")
    return numbers
