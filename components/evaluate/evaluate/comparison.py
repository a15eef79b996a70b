"""A model beside the champion on the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from evaluate.champion import Champion
from evaluate.gate import Change, ChangeCheck
from evaluate.metrics import Measurement
from evaluate.predictions import Predictions
from evaluate.resampling import Distributions, confidence, distributions


@dataclass(frozen=True)
class Comparison:
    """What is known of both; without a comparable champion there are no distributions."""

    measurement: Measurement
    champion: Champion
    resampled: Sequence[Distributions] = field(default=())

    @staticmethod
    def of(predictions: Predictions, measurement: Measurement, champion: Champion) -> "Comparison":
        """Resamples the rows of both alike, so that what is easy for both does not count."""
        if champion.predictions is None:
            return Comparison(measurement, champion)
        metrics = [measurement.metrics, champion.metrics]
        return Comparison(
            measurement, champion, distributions([predictions, champion.predictions], metrics)
        )

    def check(self, change: Change) -> ChangeCheck:
        """Holds one metric against the champion's."""
        value = self.measurement.metrics.get(change.metric)
        if self.champion.reason:
            return change.refuse(value, self.champion.reason)
        if self.champion.version is None:
            return change.waive(value, f"there is no champion: nobody holds {self.champion.uri}")
        sure = confidence(change, *self.resampled)
        return change.check(value, self.champion.metrics.get(change.metric), sure)
