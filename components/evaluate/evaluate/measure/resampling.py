"""Metrics over resamples of the test rows, which show how much each varies with the rows.

The bootstrap draws as many rows as there are, with replacement. The draws are an array of weights
of shape (resamples, rows), which counts how often each row was drawn. A metric over many resamples
is then a few operations on arrays, which are in `weighted.py`. Time and memory are bounded: of many
rows, only a sample is resampled. The deviations of a metric are then scaled to all rows, because
they shrink with the square root of the number of rows.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from evaluate.measure.predictions import Predictions
from evaluate.measure.weighted import weighted

RESAMPLES = 1000
CONFIDENCE = 0.95
_MOST_ROWS = 10_000
_LEAST_ROWS = 1_000
_BLOCK = 50
# A fixed seed, so that equal rows give equal numbers.
_SEED = 0

Distributions = dict[str, np.ndarray]


def distributions(
    models: Sequence[Predictions], measured: Sequence[Mapping[str, float]]
) -> list[Distributions]:
    """Return the metrics of each model over the same resamples, each of shape (RESAMPLES,).

    `measured` are their metrics over all rows. A metric is NaN in a resample that lacks one of the
    classes it needs. A metric without a distribution, such as max_error, is left out.
    """
    rng = np.random.default_rng(_SEED)
    rows = len(models[0].truth)
    count = resampled_rows(rows, models[0].classes)
    scale = (count / rows) ** 0.5
    if count < rows:
        chosen = np.sort(rng.choice(rows, count, replace=False))
        models = [model.rows(chosen) for model in models]
    functions = [weighted(model) for model in models]
    blocks: list[list[Distributions]] = [[] for _ in models]
    for weights in _draws(rng, count):
        for block, function in zip(blocks, functions, strict=True):
            block.append(function(weights))
    here = [function(np.ones((1, count))) for function in functions]
    return [
        {
            name: metrics[name] + scale * (np.concatenate([each[name] for each in block]) - once)
            for name, once in base.items()
            if name in metrics
        }
        for block, base, metrics in zip(blocks, here, measured, strict=True)
    ]


def intervals(distribution: Distributions) -> dict[str, tuple[float, float]]:
    """Return the percentile interval of each metric, at the level CONFIDENCE."""
    tail = 50 * (1 - CONFIDENCE)
    return {
        name: (float(low), float(high))
        for name, values in distribution.items()
        if np.isfinite(values).any()
        for low, high in [np.nanpercentile(values, [tail, 100 - tail])]
    }


def resampled_rows(rows: int, classes: np.ndarray | None) -> int:
    """Return how many of the rows are resampled: fewer if there are many classes."""
    if classes is None:
        return min(rows, _MOST_ROWS)
    return min(rows, max(_LEAST_ROWS, 2 * _MOST_ROWS // max(2, len(classes))))


def _draws(rng: np.random.Generator, rows: int) -> Iterator[np.ndarray]:
    """Yield blocks of weights, each of shape (_BLOCK, rows)."""
    offsets = np.arange(_BLOCK)[:, None] * rows
    for _ in range(RESAMPLES // _BLOCK):
        drawn = rng.integers(0, rows, (_BLOCK, rows)) + offsets
        counts = np.bincount(drawn.ravel(), minlength=_BLOCK * rows)
        yield counts.reshape(_BLOCK, rows).astype(np.float64)
