"""What a fit found, as MLflow gets it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from train.model.cross_validation import Metrics, summarise
from train.search.trials import Trial, describe_params

BEST_TRIAL = "search.best_trial"


@dataclass(frozen=True)
class Results:
    """The metrics of each fold, and the trials of a search, the best first.

    `best_run` is the run of the best trial. `metric` is the one by which the trials are ranked.
    """

    folds: Sequence[Metrics]
    trials: Sequence[Trial] = ()
    metric: str = ""
    best_run: str = ""

    @property
    def metrics(self) -> Metrics:
        """Return the mean and the standard deviation of each metric over the folds."""
        return summarise(self.folds)

    @property
    def params(self) -> dict[str, str]:
        """Return the number of the best trial, and its parameters."""
        if not self.trials:
            return {}
        best = self.trials[0]
        return {**describe_params(best.params), BEST_TRIAL: str(best.number)}

    @property
    def series(self) -> dict[str, dict[int, float]]:
        """Return each metric by the number of the fold, and that of the search by the trial.

        MLflow draws a line for each, and puts those with the same word before the slash together.
        """
        series = {
            f"folds/{metric}": {
                number: fold[metric]
                for number, fold in enumerate(self.folds, 1)
                if math.isfinite(fold.get(metric, math.nan))
            }
            for metric in sorted(self.folds[0])
        }
        # Trials of a halving have seen different numbers of rows.
        measured = {
            trial.number: trial.metrics[f"cv_{self.metric}_mean"]
            for trial in sorted(self.trials, key=lambda trial: trial.number)
            if not trial.error and trial.rows is None
        }
        return {**series, f"trials/{self.metric}": measured} if measured else series

    @property
    def failed(self) -> int:
        """Return the number of trials that failed."""
        return sum(bool(trial.error) for trial in self.trials)


def trial_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of a step's run that its trials need, to be found and ended with it."""
    return {
        name: text
        for name, text in tags.items()
        if name.startswith(("mlflow.", "kfp.")) or name == "pinion.pipeline_run"
    }
