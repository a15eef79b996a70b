"""A model compared with the champion on the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from evaluate.gate.champion import Champion
from evaluate.gate.change import Change
from evaluate.gate.check import Check
from evaluate.measure.metrics import Measurement
from evaluate.measure.predictions import Predictions
from evaluate.measure.resampling import Distributions, distributions


@dataclass(frozen=True)
class Comparison:
    """The metrics of both; there are no distributions if the champion is not comparable."""

    measurement: Measurement
    champion: Champion
    resampled: Sequence[Distributions] = field(default=())

    @staticmethod
    def of(predictions: Predictions, measurement: Measurement, champion: Champion) -> "Comparison":
        """Resample the rows of both alike, so that rows which are easy for both cancel out."""
        if champion.predictions is None:
            return Comparison(measurement, champion)
        metrics = [measurement.metrics, champion.metrics]
        return Comparison(
            measurement, champion, distributions([predictions, champion.predictions], metrics)
        )

    def check(self, change: Change) -> Check:
        """Check one metric against the champion's."""
        value = self.measurement.metrics.get(change.metric)
        if self.champion.reason:
            return change.refuse(value, self.champion.reason)
        if self.champion.version is None:
            return change.waive(value, f"there is no champion: nobody holds {self.champion.uri}")
        sure = confidence(change, *self.resampled)
        return change.check(value, self.champion.metrics.get(change.metric), sure)


def confidence(change: Change, candidate: Distributions, champion: Distributions) -> float | None:
    """Return the share of resamples in which the candidate beats the champion by the change.

    A resample that meets the limit exactly counts half, so that equal models get 0.5. None if the
    metric has no distribution.
    """
    if change.metric not in candidate or change.metric not in champion:
        return None
    margin = candidate[change.metric] - change.limit(champion[change.metric])
    margin = margin[np.isfinite(margin)] * (1 if change.greater_is_better else -1)
    if not len(margin):
        return None
    # Values that differ only by rounding are equal.
    near = np.abs(margin) <= 1e-12
    return float(np.mean(np.where(near, 0.5, margin > 0)))
