"""The rounds of a search: one in a random search, several with ever fewer trials in a halving."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from pinion_step.errors import StepError
from train.log import log
from train.model.cross_validation import Metrics, is_error, summarise
from train.progress import Progress
from train.search.trials import Plan, Trial, Watcher, describe_score, rank

ESTIMATOR = "estimator__"
Evaluate = Callable[..., Mapping[str, Any]]


@dataclass
class Rounds:
    """Evaluates trials in batches, and keeps the results.

    `folds` is the number of folds, and `rows` that of the whole training split. `explain` gives the
    reason why parameters fail.
    """

    plan: Plan
    folds: int
    rows: int
    batch: int
    explain: Callable[[dict[str, Any]], str]
    watcher: Watcher
    progress: Progress
    trials: list[Trial] = field(default_factory=list)
    _measured: int = 0

    def evaluate(
        self,
        evaluate: Evaluate,
        candidates: Sequence[dict[str, Any]],
        cv: object,
        more: Mapping[str, list[Any]],
    ) -> Mapping[str, Any]:
        """Evaluate one round in batches; raises `StepError` if all of its trials fail."""
        results: Mapping[str, Any] = {}
        for start in range(0, len(candidates), self.batch):
            part = slice(start, start + self.batch)
            trials = [self._trial(candidate) for candidate in candidates[part]]
            for trial in trials if more else ():
                trial.round, trial.rows = more["iter"][0], more["n_resources"][0]
            try:
                results = evaluate(candidates[part], cv, {k: v[part] for k, v in more.items()})
            except ValueError as error:
                # scikit-learn raises it if every fit of a batch fails, but the search goes on.
                if "fits failed" not in str(error):
                    raise
                self._take(trials, [[] for _ in trials])
            else:
                rows = range(self._measured, self._measured + len(trials))
                self._take(trials, [self._folds(results, row) for row in rows])
                self._measured = rows.stop
            self._tell(trials, f"trial {start + len(trials)} of {len(candidates)}")
        if not results or all(trial.error for trial in self.trials):
            self._give_up()
        return results

    def _trial(self, candidate: dict[str, Any]) -> Trial:
        # numpy draws values of its own types, but a model is saved with those of Python.
        params = {
            name.removeprefix(ESTIMATOR): value.item() if isinstance(value, np.generic) else value
            for name, value in sorted(candidate.items())
        }
        if self.plan.method == "halving":
            for trial in self.trials:
                if trial.params == params:
                    return trial
        trial = Trial(len(self.trials) + 1, params)
        self.trials.append(trial)
        self.watcher.started(trial)
        return trial

    def _folds(self, results: Mapping[str, Any], row: int) -> list[Metrics]:
        """Read the metrics of each fold, in a halving with the sign of "greater is better"."""
        folds: dict[str, dict[str, float]] = {}
        for key, values in results.items():
            fold, found, name = key.partition("_test_")
            if found and fold.startswith("split"):
                folds.setdefault(fold, {})[name] = float(values[row])
        if self.plan.method == "random":
            return list(folds.values())
        sign = -1 if is_error(self.plan.metric) else 1
        return [{self.plan.metric: sign * fold["score"]} for fold in folds.values()]

    def _take(self, trials: list[Trial], measured: list[list[Metrics]]) -> None:
        for trial, folds in zip(trials, measured, strict=True):
            trial.folds, trial.metrics = folds, summarise(folds)
            if f"cv_{self.plan.metric}_mean" not in trial.metrics:
                trial.error = self.explain(trial.params)
            self.watcher.measured(trial)

    def _give_up(self) -> None:
        first = next(trial for trial in self.trials if trial.error)
        raise StepError(
            f"--search: all {len(self.trials)} trials failed; trial {first.number} with "
            f"{first.params}: {first.error}"
        )

    def _tell(self, ended: Sequence[Trial], what: str) -> None:
        """Report the trials of a batch, and the best one so far."""
        for trial in ended:
            if trial.error:
                log(f"trial {trial.number} of {self.plan.trials} failed: {trial.error}")
        if self.plan.method == "halving":
            what = f"round {ended[0].round + 1}, {what}"
        best = rank(self.trials, self.plan.metric)[0]
        if not best.error:
            what += f", best {describe_score(best.metrics, self.plan.metric)}"
        rows = ended[0].rows or self.rows
        self.progress.ended(what, len(ended) * self.folds * rows / self.rows)


class Watched(BaseEstimator):
    """A mix-in for scikit-learn's searches that evaluates in `rounds`, which no worker receives."""

    rounds: Rounds

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "rounds"}

    def _run_search(self, evaluate_candidates: Evaluate, *, callback_ctx: object = None) -> None:
        def evaluate(
            candidates: Sequence[dict[str, Any]],
            cv: object = None,
            more_results: Mapping[str, list[Any]] | None = None,
            callback_ctx: object = None,
        ) -> Mapping[str, Any]:
            # Without the context, which allows each number once: every batch starts at 0.
            return self.rounds.evaluate(
                evaluate_candidates, list(candidates), cv, more_results or {}
            )

        super()._run_search(evaluate, callback_ctx=callback_ctx)
