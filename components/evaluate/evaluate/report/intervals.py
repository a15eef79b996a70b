"""Intervals of the main metric in closed form, for the many small parts of the data.

A bootstrap of a part without a mistake knows no other answer than that; these do.
"""

import math

import numpy as np

from evaluate.measure.predictions import Predictions

# Of the standard normal distribution, for 95%, as resampling's CONFIDENCE is.
_QUANTILE = 1.959964


def main_metric_interval(predictions: Predictions) -> tuple[float | None, float | None]:
    """Both ends for accuracy or RMSE; None where the rows are too few to say."""
    if predictions.classes is None:
        return _rmse(predictions.predicted - predictions.truth)
    return _share(
        int(np.count_nonzero(predictions.truth == predictions.predicted)), len(predictions.truth)
    )


def _share(right: int, rows: int) -> tuple[float, float]:
    """Wilson's interval, which is honest also where all or none are right."""
    square = _QUANTILE**2
    share = right / rows
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    reach = share * (1 - share) / rows + square / (4 * rows**2)
    half = _QUANTILE * math.sqrt(reach) / (1 + square / rows)
    return max(0.0, middle - half), min(1.0, middle + half)


def _rmse(errors: np.ndarray) -> tuple[float | None, float | None]:
    """From the mean of the squared errors, which is as good as normal over many rows."""
    squares = errors**2
    if len(squares) < 2 or not np.isfinite(squares).all():
        return None, None
    mean = float(squares.mean())
    half = _QUANTILE * float(squares.std(ddof=1)) / math.sqrt(len(squares))
    return math.sqrt(max(0.0, mean - half)), math.sqrt(mean + half)
