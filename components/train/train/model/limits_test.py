from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from train.data.dataset import Dataset
from train.data.schema import Feature, Schema
from train.model.limits import exceeded
from train.model.pipeline import build_pipeline


def warnings(classes: int, distinct: int, name: str, **params: object) -> list[str]:
    """Return the warnings for two rows of each class, and a column of so many categories."""
    rows = 2 * classes
    features = pd.DataFrame(
        {
            "city": pd.Series([f"c{n % distinct}" for n in range(rows)], dtype="str"),
            "age": np.arange(float(rows)),
        }
    )
    target = pd.Series(np.arange(rows) % classes, name="species")
    kinds = (Feature("city", "categorical", distinct), Feature("age", "numeric"))
    schema = Schema("classification", "species", "integer", kinds)
    pipeline = build_pipeline(schema, features, target, name, params, 0)
    data = Dataset(features, target, "", "", None, None)
    return list(exceeded(name, schema, data, pipeline, 6))


def test_the_cost_of_many_classes_is_said_before_the_fit() -> None:
    (warning,) = warnings(120, 5, "hist_gradient_boosting", max_iter=30)

    assert re.fullmatch(
        "the target 'species' has 120 classes, and hist_gradient_boosting grows a tree for each in "
        r"each of 30 rounds, 3,600 in a fit; 6 fits take about \d+ (s|min); give --model-params "
        r'{"max_iter": 20}, --model random_forest, or fewer classes if that is too long',
        warning,
    )


@pytest.mark.parametrize(
    ("distinct", "params", "apart"),
    [(300, {}, "254"), (70, {"max_bins": 64}, "63")],
    ids=["by default", "fewer bins"],
)
def test_categories_that_are_not_told_apart_are_counted(
    distinct: int, params: dict[str, object], apart: str
) -> None:
    (warning,) = warnings(99, distinct, "hist_gradient_boosting", **params)

    assert f"the column 'city' has {distinct} categories, of which hist_grad" in warning
    assert f"tells the {apart} most frequent apart" in warning


@pytest.mark.parametrize("name", ["random_forest", "logistic_regression"])
def test_a_model_without_the_limits_has_no_warning(name: str) -> None:
    assert warnings(120, 300, name) == []


def test_a_table_within_the_limits_has_no_warning() -> None:
    assert warnings(99, 255, "hist_gradient_boosting") == []
