"""The cost of many classes, which is named before the fit."""

from __future__ import annotations

import time

from sklearn.base import clone
from sklearn.pipeline import Pipeline

from train.data.dataset import Dataset
from train.data.schema import Schema
from train.log import log
from train.models import Family, find_model
from train.progress import in_words

# From here on, boosting takes minutes, because it grows a tree for each class in each round.
MANY = 100


def warn(name: str, schema: Schema, data: Dataset, pipeline: Pipeline, fits: float) -> None:
    """Log how long boosting takes if there are many classes; `fits` are those of all rows.

    The time is measured with one round of boosting.
    """
    if schema.task == "regression" or find_model(schema.task, name).family is not Family.BOOSTING:
        return
    classes = data.target.nunique()
    if classes < MANY:
        return
    rounds = pipeline[-1].max_iter
    time_left = in_words(one_round(pipeline, data) * rounds * fits)
    log(
        f"warning: the target {schema.target!r} has {classes} classes, and {name} grows a tree for "
        f"each in each of {rounds} rounds, {classes * rounds:,} in a fit; {fits:.0f} fits take "
        f'about {time_left}; give --model-params {{"max_iter": 20}}, --model random_forest, or '
        "fewer classes if that is too long"
    )


def one_round(pipeline: Pipeline, data: Dataset) -> float:
    """Return the seconds that one round of boosting takes, with what is done once in a fit."""
    once = clone(pipeline).set_params(estimator__max_iter=1)
    started = time.monotonic()
    once.fit(data.features, data.target)
    return time.monotonic() - started
