"""Intervals of the main metric in closed form, for the many small slices of the data.

If a slice holds no mistake, no resample of it does, and a bootstrap interval has no width. These
intervals do.
"""

import math

import numpy as np

from evaluate.measure.predictions import Predictions

# Of the standard normal distribution, for 95%, which is CONFIDENCE of the resampling too.
_QUANTILE = 1.959964


def main_metric_interval(predictions: Predictions) -> tuple[float | None, float | None]:
    """Return both ends for accuracy or RMSE; None if there are too few rows to tell."""
    if predictions.classes is None:
        return _rmse(predictions.predicted - predictions.truth)
    return share_interval(
        int(np.count_nonzero(predictions.truth == predictions.predicted)), len(predictions.truth)
    )


def share_interval(right: int, rows: int) -> tuple[float, float]:
    """Return Wilson's interval, which is sound even if all rows or none are right."""
    square = _QUANTILE**2
    share = right / rows
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    reach = share * (1 - share) / rows + square / (4 * rows**2)
    half = _QUANTILE * math.sqrt(reach) / (1 + square / rows)
    return max(0.0, middle - half), min(1.0, middle + half)


def _rmse(errors: np.ndarray) -> tuple[float | None, float | None]:
    """Derive it from the mean squared error, which is nearly normal over many rows."""
    squares = errors**2
    if len(squares) < 2 or not np.isfinite(squares).all():
        return None, None
    mean = float(squares.mean())
    half = _QUANTILE * float(squares.std(ddof=1)) / math.sqrt(len(squares))
    return math.sqrt(max(0.0, mean - half)), math.sqrt(mean + half)
