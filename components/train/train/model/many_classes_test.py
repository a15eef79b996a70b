from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from train.data.dataset import Dataset
from train.data.schema import Feature, Schema
from train.model.many_classes import warn
from train.model.pipeline import build_pipeline


def warned(capsys: pytest.CaptureFixture[str], classes: int, name: str, **params: object) -> str:
    """Return the log for two rows of each class."""
    rows = 2 * classes
    features = pd.DataFrame({"age": np.arange(float(rows))})
    target = pd.Series(np.arange(rows) % classes, name="species")
    schema = Schema("classification", "species", "integer", (Feature("age", "numeric"),))
    pipeline = build_pipeline(schema, features, target, name, params, 0)
    warn(name, schema, Dataset(features, target, "", "", None, None), pipeline, 6)
    return capsys.readouterr().err


def test_the_cost_of_many_classes_is_said_before_the_fit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert re.fullmatch(
        "train: warning: the target 'species' has 120 classes, and hist_gradient_boosting grows a "
        r"tree for each in each of 30 rounds, 3,600 in a fit; 6 fits take about \d+ (s|min); give "
        r'--model-params {"max_iter": 20}, --model random_forest, or fewer classes if that is too '
        "long\n",
        warned(capsys, 120, "hist_gradient_boosting", max_iter=30),
    )


@pytest.mark.parametrize(
    ("classes", "name"),
    [
        pytest.param(120, "random_forest", id="a forest grows trees of all classes"),
        pytest.param(120, "logistic_regression", id="a linear model"),
        pytest.param(99, "hist_gradient_boosting", id="fewer classes"),
    ],
)
def test_else_there_is_no_warning(
    capsys: pytest.CaptureFixture[str], classes: int, name: str
) -> None:
    assert warned(capsys, classes, name) == ""
