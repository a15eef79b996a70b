"""The rounds of a search: a random one has one, a halving several, of fewer trials each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from train.cross_validation import Metrics, is_error, summarise
from train.errors import TrainError, log
from train.trials import Plan, Trial, Watcher

ESTIMATOR = "estimator__"
Evaluate = Callable[..., Mapping[str, Any]]


class Rounds:
    """Hands trials to scikit-learn in batches, and keeps what came of each."""

    def __init__(
        self, plan: Plan, batch: int, explain: Callable[[dict[str, Any]], str], watcher: Watcher
    ) -> None:
        self.trials: list[Trial] = []
        self._plan, self._batch, self._explain, self._watcher = plan, batch, explain, watcher
        self._measured = 0

    def evaluate(
        self,
        evaluate: Evaluate,
        candidates: Sequence[dict[str, Any]],
        cv: object,
        more: Mapping[str, list[Any]],
    ) -> Mapping[str, Any]:
        """Evaluate one round in batches; raises TrainError where all of its trials fail."""
        results: Mapping[str, Any] = {}
        for start in range(0, len(candidates), self._batch):
            part = slice(start, start + self._batch)
            trials = [self._trial(candidate) for candidate in candidates[part]]
            for trial in trials if more else ():
                trial.round, trial.rows = more["iter"][0], more["n_resources"][0]
            more_of_part = {key: values[part] for key, values in more.items()}
            try:
                results = evaluate(candidates[part], cv, more_of_part)
            except ValueError as error:
                # scikit-learn takes it for the end where every fit of a batch fails.
                if not self._plan.space or "fits failed" not in str(error):
                    raise
                self._take(trials, [{} for _ in trials])
            else:
                self._take(trials, self._next_metrics(results, len(trials)))
        if self._plan.space and (not results or all(trial.error for trial in self.trials)):
            self._give_up()
        return results

    def finish(self, ranked: Sequence[Trial]) -> None:
        """Tell the watcher of the ranks."""
        self._watcher.finished(ranked)

    def _trial(self, candidate: dict[str, Any]) -> Trial:
        # What numpy draws is no type of Python, in which a model is saved.
        params = {
            name.removeprefix(ESTIMATOR): value.item() if isinstance(value, np.generic) else value
            for name, value in sorted(candidate.items())
        }
        known = (trial for trial in self.trials if trial.params == params)
        trial = next(known, None) if self._plan.method == "halving" else None
        if trial is None:
            trial = Trial(len(self.trials) + 1, params)
            self.trials.append(trial)
            self._watcher.started(trial)
        return trial

    def _next_metrics(self, results: Mapping[str, Any], count: int) -> list[Metrics]:
        rows = range(self._measured, self._measured + count)
        self._measured += count
        return [self._metrics(results, row) for row in rows]

    def _metrics(self, results: Mapping[str, Any], row: int) -> Metrics:
        """Read one trial's scores of each fold, which have the sign of "greater is better"."""
        folds: dict[str, dict[str, float]] = {}
        for key, values in results.items():
            fold, found, name = key.partition("_test_")
            if found and fold.startswith("split"):
                folds.setdefault(fold, {})[name] = float(values[row])
        scores = list(folds.values())
        if "score" in scores[0]:
            sign = -1 if is_error(self._plan.metric) else 1
            scores = [{self._plan.metric: sign * score["score"]} for score in scores]
        return summarise(scores)

    def _take(self, trials: list[Trial], metrics: list[Metrics]) -> None:
        for trial, measured in zip(trials, metrics, strict=True):
            trial.metrics = measured
            if self._plan.space and f"cv_{self._plan.metric}_mean" not in measured:
                trial.error = self._explain(trial.params)
            self._watcher.measured(trial)
            if self._plan.space:
                log(self._line(trial))

    def _line(self, trial: Trial) -> str:
        name = f"trial {trial.number} of {self._plan.trials}"
        if trial.error:
            return f"{name} failed: {trial.error}"
        key = f"cv_{self._plan.metric}"
        on = f" on {trial.rows} rows" if trial.rows else ""
        mean, std = trial.metrics[f"{key}_mean"], trial.metrics[f"{key}_std"]
        return f"{name}: {self._plan.metric} {mean:.6g} ± {std:.2g}{on}"

    def _give_up(self) -> None:
        first = next(trial for trial in self.trials if trial.error)
        raise TrainError(
            f"--search: all {len(self.trials)} trials failed; trial {first.number} with "
            f"{first.params}: {first.error}"
        )
