"""Limits of an estimator that a table exceeds, named before the fit."""

from __future__ import annotations

import time
from collections.abc import Iterator

from sklearn.base import clone
from sklearn.pipeline import Pipeline

from train.data.dataset import Dataset
from train.data.schema import Schema
from train.log import log
from train.models import Family, find_model
from train.progress import in_words

# From here on, boosting takes minutes, because it grows a tree for each class in each round.
MANY_CLASSES = 100


def warn(name: str, schema: Schema, data: Dataset, pipeline: Pipeline, fits: float) -> None:
    """Log a warning for each limit that the rows exceed."""
    for limit in exceeded(name, schema, data, pipeline, fits):
        log(f"warning: {limit}")


def exceeded(
    name: str, schema: Schema, data: Dataset, pipeline: Pipeline, fits: float
) -> Iterator[str]:
    """Yield a warning for each limit of the unfitted pipeline; `fits` are those of all rows.

    The time that many classes take is measured with one round of boosting.
    """
    if find_model(schema.task, name).family is not Family.BOOSTING:
        return
    apart = pipeline[-1].max_bins - 1
    for feature in schema.features:
        if feature.distinct > apart + 1:
            yield (
                f"the column {feature.name!r} has {feature.distinct:,} categories, of which {name} "
                f"tells the {apart} most frequent apart, and takes the others for one; group them "
                "in the source, or give --model random_forest, which uses all"
            )
    classes = data.target.nunique() if schema.task == "classification" else 0
    if classes >= MANY_CLASSES:
        rounds = pipeline[-1].max_iter
        seconds = one_round(pipeline, data) * rounds * fits
        grown = f"{classes * rounds:,} in a fit"
        yield (
            f"the target {schema.target!r} has {classes} classes, and {name} grows a tree for each "
            f"in each of {rounds} rounds, {grown}; {fits:.0f} fits take about "
            f'{in_words(seconds)}; give --model-params {{"max_iter": 20}}, --model random_forest, '
            "or fewer classes if that is too long"
        )


def one_round(pipeline: Pipeline, data: Dataset) -> float:
    """Return the seconds that one round of boosting takes, with what is done once in a fit."""
    once = clone(pipeline).set_params(estimator__max_iter=1)
    started = time.monotonic()
    once.fit(data.features, data.target)
    return time.monotonic() - started
