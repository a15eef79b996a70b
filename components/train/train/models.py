"""The estimators that `--model` can name, one entry each in MODELS.

scikit-learn takes a second to import, so the table names its classes and loads none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pinion_step.errors import WrongCallError

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator


class Family(Enum):
    """The form in which an estimator takes its features."""

    LINEAR = "scaled numbers, one-hot categories, nothing missing"
    FOREST = "numbers, one-hot and target-encoded categories, nothing missing"
    BOOSTING = "numbers and category codes, missing values as they are"


@dataclass(frozen=True)
class Model:
    """An estimator: its class, how it takes its features, its defaults and its search space.

    `estimator` is the full name of the class. `defaults` are those that differ from scikit-learn's.
    `space` is written as in `--search`.
    """

    estimator: str
    family: Family
    defaults: Mapping[str, Any] = field(default_factory=dict)
    space: Mapping[str, Any] = field(default_factory=dict)

    def make(self) -> BaseEstimator:
        """Return a new estimator with scikit-learn's defaults."""
        module, _, name = self.estimator.rpartition(".")
        return getattr(import_module(module), name)()


BOOSTING_SPACE = {
    "learning_rate": {"low": 0.01, "high": 0.3, "log": True},
    "max_iter": {"low": 50, "high": 400, "log": True},
    "max_leaf_nodes": {"low": 7, "high": 127, "log": True},
    "min_samples_leaf": {"low": 2, "high": 100, "log": True},
    "l2_regularization": {"low": 1e-4, "high": 10, "log": True},
    "max_features": {"low": 0.3, "high": 1},
}
FOREST_SPACE = {
    "max_features": {"low": 0.1, "high": 1},
    "min_samples_leaf": {"low": 1, "high": 20, "log": True},
    "max_depth": [None, 5, 10, 20],
}


# To add a model, add an entry. The help text then names it; name it in the description in
# component.yaml too. An estimator with a `random_state` gets the seed.
MODELS: dict[tuple[str, str], Model] = {
    ("classification", "logistic_regression"): Model(
        "sklearn.linear_model.LogisticRegression",
        Family.LINEAR,
        {"max_iter": 2000},
        {"C": {"low": 1e-4, "high": 1e4, "log": True}},
    ),
    ("classification", "random_forest"): Model(
        "sklearn.ensemble.RandomForestClassifier", Family.FOREST, {"n_jobs": -1}, FOREST_SPACE
    ),
    ("classification", "hist_gradient_boosting"): Model(
        "sklearn.ensemble.HistGradientBoostingClassifier", Family.BOOSTING, space=BOOSTING_SPACE
    ),
    ("regression", "ridge"): Model(
        "sklearn.linear_model.Ridge",
        Family.LINEAR,
        space={"alpha": {"low": 1e-3, "high": 1e4, "log": True}},
    ),
    ("regression", "random_forest"): Model(
        "sklearn.ensemble.RandomForestRegressor", Family.FOREST, {"n_jobs": -1}, FOREST_SPACE
    ),
    ("regression", "hist_gradient_boosting"): Model(
        "sklearn.ensemble.HistGradientBoostingRegressor", Family.BOOSTING, space=BOOSTING_SPACE
    ),
}


def known_models() -> str:
    """Return the names of the models, by task, as the help text has them."""
    tasks = dict.fromkeys(task for task, _ in MODELS)
    return "; ".join(f"{task}: {_names(task)}" for task in tasks)


def find_model(task: str, name: str) -> Model:
    """Return a model by its name; raises `WrongCallError` that lists the models of the task."""
    if (task, name) not in MODELS:
        raise WrongCallError(
            f"--model: {name!r} is not a model for a {task}; give one of {_names(task)}"
        )
    return MODELS[task, name]


def _names(task: str) -> str:
    return ", ".join(name for known, name in MODELS if known == task)
