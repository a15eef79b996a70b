"""The errors of a regression, in numbers that do not grow with the rows."""

from typing import Any

import numpy as np

from evaluate.measure.predictions import Predictions

_BARS = 30
# Up to so many rows are shown one by one, and more of them by the cells of a grid.
_MOST_DOTS = 400
_GRID = 32
# Relative to the errors, what counts as no range; the least that this is relative to.
_SAME, _TINY = 1e-9, 1e-200
_PARTS = (5, 25, 50, 75, 95)


def predicted_against_true(predictions: Predictions) -> dict[str, Any]:
    """Return the rows as `x` (true) and `y` (predicted), or the rows in each cell of a grid.

    A cell is (across, up, rows), and both its sides go over `range`.
    """
    truth, predicted = predictions.truth, predictions.predicted
    low, high = float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))
    found = {"range": [low, high], "grid": _GRID, "x": [], "y": [], "cells": []}
    if len(truth) <= _MOST_DOTS or low == high:
        return found | {"x": truth[:_MOST_DOTS].tolist(), "y": predicted[:_MOST_DOTS].tolist()}
    places = [
        np.minimum(((side - low) / (high - low) * _GRID).astype(np.intp), _GRID - 1)
        for side in (truth, predicted)
    ]
    cells, rows = np.unique(places[0] * _GRID + places[1], return_counts=True)
    pairs = zip(cells.tolist(), rows.tolist(), strict=True)
    return found | {"cells": [[cell // _GRID, cell % _GRID, count] for cell, count in pairs]}


def residuals(predictions: Predictions) -> dict[str, Any]:
    """Count the rows by error, predicted minus true; `edges` is one longer than `rows`.

    `percentiles` are those of the errors, by their names.
    """
    errors = predictions.predicted - predictions.truth
    low, high = float(errors.min()), float(errors.max())
    # Errors that differ in their last digits only leave no room for so many bars between them.
    is_narrow = high - low <= _SAME * max(abs(low), abs(high), _TINY)
    room = 0.5 * max(1.0, abs(low)) if is_narrow else 0.0
    rows, edges = np.histogram(errors, bins=_BARS, range=(low - room, high + room))
    found = np.percentile(errors, _PARTS).tolist()
    return {
        "edges": edges.tolist(),
        "rows": rows.tolist(),
        "mean": float(errors.mean()),
        "percentiles": dict(zip(map(str, _PARTS), found, strict=True)),
    }
