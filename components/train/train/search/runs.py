"""The trials of a search as MLflow runs, nested in the run of the step."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from mlflow.entities import Metric, Param, RunTag

from pinion_step.tracking.runs import ending
from train.search.trials import Trial, Watcher, describe_params
from train.tracking.parent import PARENT
from train.tracking.run import Run

LONGEST_TAG = 500


class TrialRuns(Watcher):
    """Creates a run for every trial as it starts; its metrics have a step for each round."""

    def __init__(self, parent: Run, tags: Mapping[str, str]) -> None:
        self._parent = parent
        self._tags = {**tags, PARENT: parent.run_id}
        self._runs: dict[int, str] = {}
        self._open: set[int] = set()

    def started(self, trial: Trial) -> None:
        """Create the run, with the parameters under the names that the step's run uses."""
        client = self._parent.client
        run_id = client.create_run(
            self._parent.experiment_id,
            tags={**self._tags, "mlflow.runName": f"trial {trial.number}"},
        ).info.run_id
        self._runs[trial.number] = run_id
        self._open.add(trial.number)
        params = [Param(key, value) for key, value in describe_params(trial.params).items()]
        client.log_batch(run_id, params=params)

    def measured(self, trial: Trial) -> None:
        """Log the metrics, and end the run of a trial that failed."""
        client, run_id = self._parent.client, self._runs[trial.number]
        values = dict(trial.metrics)
        if trial.rows:
            values["rows"] = trial.rows
        now = int(time.time() * 1000)
        metrics = [Metric(key, value, now, trial.round) for key, value in values.items()]
        error = [RunTag("pinion.error", trial.error[:LONGEST_TAG])] if trial.error else []
        client.log_batch(run_id, metrics=metrics, tags=error)
        if trial.error:
            self._end(trial.number, "FAILED")

    def finished(self, ranked: Sequence[Trial]) -> None:
        """Log the ranks, the best first."""
        now = int(time.time() * 1000)
        for place, trial in enumerate(ranked, 1):
            if not trial.error:
                metric = Metric("rank", place, now, 0)
                self._parent.client.log_batch(self._runs[trial.number], metrics=[metric])

    def end(self, status: str) -> None:
        """End every run that is open."""
        for number in sorted(self._open):
            self._end(number, status)

    def _end(self, number: int, status: str) -> None:
        self._parent.client.set_terminated(self._runs[number], status)
        self._open.discard(number)


@contextmanager
def trial_runs(parent: Run, tags: Mapping[str, str]) -> Iterator[TrialRuns]:
    """Create runs that end FINISHED, FAILED, or KILLED by a signal."""
    runs = TrialRuns(parent, tags)
    with ending(runs.end):
        yield runs
