"""The trials of a search as MLflow runs, nested in the run of the step."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mlflow.entities import Metric, Param, RunTag

from pinion_step.tracking.runs import ending
from train.search.trials import Trial, Watcher, describe_params
from train.tracking.parent import PARENT
from train.tracking.results import trial_tags
from train.tracking.run import Run

LONGEST_TAG = 500


class TrialRuns(Watcher):
    """Creates a run for every trial as it starts; its metrics have a step for each round."""

    def __init__(self, parent: Run, tags: Mapping[str, str]) -> None:
        self._parent = parent
        self._tags = {**trial_tags(tags), PARENT: parent.run_id}
        self._runs: dict[int, str] = {}
        self._open: set[int] = set()

    def started(self, trial: Trial) -> None:
        """Create the run."""
        made = self._parent.client.create_run(
            self._parent.experiment_id, tags=self._tags, run_name=f"trial {trial.number}"
        )
        self._runs[trial.number] = made.info.run_id
        self._open.add(trial.number)

    def measured(self, trial: Trial) -> None:
        """Log the parameters and metrics, and end the run unless more rounds may follow.

        The parameters have the names that the step's run uses.
        """
        client, run_id = self._parent.client, self._runs[trial.number]
        values = dict(trial.metrics)
        if trial.rows:
            values["rows"] = trial.rows
        now = int(time.time() * 1000)
        metrics = [Metric(key, value, now, trial.round) for key, value in values.items()]
        error = [RunTag("pinion.error", trial.error[:LONGEST_TAG])] if trial.error else []
        params = [Param(key, value) for key, value in describe_params(trial.params).items()]
        client.log_batch(run_id, metrics=metrics, params=params, tags=error)
        if trial.error or trial.rows is None:
            self._end(trial.number, "FAILED" if trial.error else "FINISHED")

    def run_of(self, trial: Trial) -> str:
        """Return the id of a trial's run."""
        return self._runs[trial.number]

    def end(self, status: str) -> None:
        """End every run that is open."""
        for number in sorted(self._open):
            self._end(number, status)
        self._end_twins()

    def _end_twins(self) -> None:
        """End the second runs of trials, made when the server's answer was lost."""
        parent = self._parent
        below = f"tags.`{PARENT}` = '{parent.run_id}' AND attributes.status = 'RUNNING'"
        for found in parent.client.search_runs([parent.experiment_id], below):
            note = "made when the server's answer was lost; the trial has another run"
            parent.client.set_tag(found.info.run_id, "pinion.note", note)
            parent.client.set_terminated(found.info.run_id, "KILLED")

    def _end(self, number: int, status: str) -> None:
        self._parent.client.set_terminated(self._runs[number], status)
        self._open.discard(number)


@contextmanager
def trial_runs(parent: Run, tags: Mapping[str, str]) -> Iterator[TrialRuns]:
    """Create runs that end FINISHED, FAILED, or KILLED by a signal."""
    runs = TrialRuns(parent, tags)
    with ending(runs.end):
        yield runs
