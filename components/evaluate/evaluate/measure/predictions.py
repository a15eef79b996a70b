"""A model's predictions on the test split."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluate.inputs.dataset import Split
from evaluate.inputs.model import Estimator, ModelFolder
from evaluate.measure.metrics import Measurement, classification_metrics, regression_metrics
from pinion_step.errors import StepError

_BLOCK_ROWS = 100_000


@dataclass(frozen=True)
class Predictions:
    """Truth and predictions, both of shape (rows,).

    `classes` has shape (classes,) and is None for a regression; of two classes, the second is the
    positive one, whatever their order. `probabilities` has shape (rows, classes), with columns in
    the order of `classes`, and is None if the model has none.
    """

    truth: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray | None = None
    classes: np.ndarray | None = None

    @property
    def is_binary(self) -> bool:
        """Return whether there is one positive class."""
        return self.classes is not None and len(self.classes) == 2

    def measure(self) -> Measurement:
        """Return the metrics over all rows."""
        if self.classes is None:
            return regression_metrics(self.truth, self.predicted)
        return classification_metrics(self.truth, self.predicted, self.probabilities, self.classes)

    def rows(self, chosen: np.ndarray) -> "Predictions":
        """Return the predictions of the chosen rows, given as a mask or as positions."""
        probabilities = None if self.probabilities is None else self.probabilities[chosen]
        return Predictions(self.truth[chosen], self.predicted[chosen], probabilities, self.classes)


def predict(
    model: ModelFolder, estimator: Estimator, split: Split, positive: int | str | None
) -> Predictions:
    """Predict the rows; raises `StepError` if the estimator cannot.

    `positive` is the positive one of two classes; None is the last in order.
    """
    if model.task == "regression":
        truth = _numbers(split.target, f"the target {model.target!r}")
        predicted = ask(estimator.predict, split.features)
        return Predictions(truth, _numbers(predicted, "the model's predictions"))
    classes = _classes(model, estimator)
    if not set(split.target.tolist()) & set(classes.tolist()):
        raise StepError(
            f"the model knows no label of the target {model.target!r}: the test data has labels "
            f"such as {split.target.tolist()[0]!r}, the model knows {classes.tolist()[:5]}; give "
            "the test split that was made with its train split"
        )
    predicted = ask(estimator.predict, split.features)
    # A support vector machine has the method only if it was configured to.
    predict_proba = getattr(estimator, "predict_proba", None)
    probabilities = None if predict_proba is None else ask(predict_proba, split.features)
    if positive is not None and positive != classes[-1]:
        _check_positive(model, classes, positive)
        classes = classes[::-1]
        probabilities = None if probabilities is None else probabilities[:, ::-1]
    return Predictions(split.target, predicted, probabilities, classes)


def _check_positive(model: ModelFolder, classes: np.ndarray, positive: int | str) -> None:
    if len(classes) != 2 or positive != classes[0]:
        raise StepError(
            f"the positive class {positive!r} is not one of two classes that the model "
            f"{model.estimator_file.parent} knows: {classes.tolist()[:5]}; train it again"
        )


def ask(method: Callable[[pd.DataFrame], np.ndarray], features: pd.DataFrame) -> np.ndarray:
    """Call one of the estimator's methods on the features.

    The rows go in blocks, because an estimator may need many times the memory of its rows.
    """
    try:
        with warnings.catch_warnings():
            # A test split may well hold a category that training never saw; how the encoder treats
            # it is documented, and part of what is measured.
            warnings.filterwarnings("ignore", "Found unknown categories", UserWarning)
            starts = range(0, max(1, len(features)), _BLOCK_ROWS)
            return np.concatenate(
                [np.asarray(method(features.iloc[i : i + _BLOCK_ROWS])) for i in starts]
            )
    except MemoryError:
        raise
    except Exception as error:  # an estimator may raise anything for data it does not expect
        raise StepError(
            f"the model cannot predict the test data ({type(error).__name__}: {error}); "
            "give the test split that was made with its train split"
        ) from error


def _classes(model: ModelFolder, estimator: Estimator) -> np.ndarray:
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        raise StepError(
            f"the model {model.estimator_file} is for a classification, "
            "but its estimator has no classes; train the model again"
        )
    return np.asarray(classes)


def _numbers(values: np.ndarray, name: str) -> np.ndarray:
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StepError(f"{name} must be numbers for a regression ({error})") from error
    numbers = numbers.reshape(len(numbers), -1)[:, 0]
    if bad := int(np.count_nonzero(~np.isfinite(numbers))):
        raise StepError(
            f"{name} must be finite, but {bad} of {len(numbers)} rows hold NaN or infinity"
        )
    return numbers
