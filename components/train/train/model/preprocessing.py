"""The preprocessing that is fitted, logged and served with the model.

It uses only scikit-learn and `numpy.asarray`: the model must load where this code is not installed,
and skops loads only the functions that it was told to trust.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)

from train.data.schema import Schema
from train.model.low_memory import LeanColumnTransformer, LeanImputer
from train.models import Family

# A missing date, after numpy has converted dates to numbers.
NOT_A_TIME = float(np.iinfo("int64").min)
# If a column has this many values, every shuffled fold has one.
FEW = 100
MOST_ONE_HOT = 50  # columns for a category; more are slow in a forest


# From the name of a step to its transformer and its columns.
Steps = dict[str, tuple[Any, list[str]]]


def build_preprocessor(
    schema: Schema, family: Family, features: pd.DataFrame, seed: int, max_codes: int = 255
) -> ColumnTransformer:
    """Return the unfitted transformer from the feature columns to numbers.

    `features` are the rows of the whole training split. For BOOSTING, the categorical features come
    first, with at most `max_codes` codes each. Call `make_plain` on it after the fit.
    """
    if family is Family.BOOSTING:
        steps = _boosting_steps(schema, features, max_codes)
    elif family is Family.FOREST:
        steps = _forest_steps(schema, len(features), seed)
    else:
        steps = _linear_steps(schema)
    # The other families need more memory to fit than to encode, so they gain nothing.
    kind = LeanColumnTransformer if family is Family.LINEAR else ColumnTransformer
    return kind([(name, *step) for name, step in steps.items() if step[1]])


def _linear_steps(schema: Schema) -> Steps:
    return {
        "categorical": (make_pipeline(*_text(), _one_hot()), schema.names("categorical")),
        "numeric": (make_pipeline(_impute("median"), StandardScaler()), schema.names("numeric")),
        "date": (
            make_pipeline(*_seconds(), _impute("median", NOT_A_TIME), StandardScaler()),
            schema.names("date"),
        ),
        "boolean": (
            make_pipeline(_as("float64"), _impute("most_frequent")),
            schema.names("boolean"),
        ),
    }


def _forest_steps(schema: Schema, rows: int, seed: int) -> Steps:
    """Encode each category twice: as its mean target, and one-hot if it is frequent.

    One-hot alone is slow and weak if there are many categories. The mean alone misses the effect
    that a category has only together with another column.
    """
    # Shuffled, because folds of a file that is sorted by target would have other classes each.
    folds = KFold(max(2, min(5, rows // 2)), shuffle=True, random_state=seed)
    mean = TargetEncoder(
        target_type="continuous" if schema.task == "regression" else "auto", cv=folds
    )
    one_hot = _one_hot(max_categories=MOST_ONE_HOT, sparse_output=False)
    return {
        "category": (make_pipeline(*_text(), one_hot), schema.names("categorical")),
        "category_mean": (make_pipeline(*_text(), mean), schema.names("categorical")),
        "numeric": (_impute("median"), schema.names("numeric")),
        "date": (make_pipeline(*_seconds(), _impute("median", NOT_A_TIME)), schema.names("date")),
        "boolean": (
            make_pipeline(_as("float64"), _impute("most_frequent")),
            schema.names("boolean"),
        ),
    }


def _boosting_steps(schema: Schema, features: pd.DataFrame, max_codes: int) -> Steps:
    """Leave missing values to the boosting, unless a fold may hold nothing else."""
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=max_codes
    )
    no_date = SimpleImputer(
        missing_values=NOT_A_TIME,
        strategy="constant",
        fill_value=np.nan,
        keep_empty_features=True,
    )
    present = features.count()
    empty = {name for name in features if present[name] < min(FEW, len(features))}
    steps = {
        "categorical": (make_pipeline(*_text(), codes), schema.names("categorical")),
        "numeric": ("passthrough", schema.names("numeric")),
        "date": (make_pipeline(*_seconds(), no_date), schema.names("date")),
        "boolean": (_as("float64"), schema.names("boolean")),
    }
    complete = _linear_steps(schema)
    for kind in ("numeric", "date", "boolean"):
        few = [name for name in steps[kind][1] if name in empty]
        steps[f"{kind}_few"] = (complete[kind][0], few)
        steps[kind] = (steps[kind][0], [name for name in steps[kind][1] if name not in empty])
    return steps


def _one_hot(**options: Any) -> OneHotEncoder:
    # Nothing can be learned from a category of one row; grouped, such categories stand for unseen
    # ones. Bytes are enough for ones and zeros until the columns are put side by side.
    return OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=2, dtype=np.uint8, **options
    )


def _impute(strategy: str, missing_values: float = np.nan) -> LeanImputer:
    # A column without a value in a fold is kept, so that all folds have the same columns.
    return LeanImputer(
        missing_values=missing_values,
        strategy=strategy,
        add_indicator=True,
        keep_empty_features=True,
    )


def _text() -> list[SimpleImputer]:
    """Make missing values a category of their own: NaN from pandas, None from JSON."""
    return [
        SimpleImputer(
            missing_values=missing, strategy="constant", fill_value="", keep_empty_features=True
        )
        for missing in (np.nan, None)
    ]


def _seconds() -> list[FunctionTransformer]:
    return [_as("datetime64[s]"), _as("float64")]


def _as(dtype: str) -> FunctionTransformer:
    return FunctionTransformer(np.asarray, kw_args={"dtype": dtype})
