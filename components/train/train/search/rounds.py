"""The rounds of a search: a random one has one, a halving several, of fewer trials each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pinion_step.errors import StepError
from train.log import log
from train.model.cross_validation import Metrics, is_error, summarise
from train.progress import Progress
from train.search.trials import Plan, Trial, Watcher, describe_score, rank

ESTIMATOR = "estimator__"
Evaluate = Callable[..., Mapping[str, Any]]


@dataclass
class Rounds:
    """Hands trials to scikit-learn in batches, and keeps what came of each.

    `folds` and `rows` are those of the whole training split.
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
        """Evaluate one round in batches; raises StepError where all of its trials fail."""
        results: Mapping[str, Any] = {}
        for start in range(0, len(candidates), self.batch):
            part = slice(start, start + self.batch)
            trials = [self._trial(candidate) for candidate in candidates[part]]
            for trial in trials if more else ():
                trial.round, trial.rows = more["iter"][0], more["n_resources"][0]
            more_of_part = {key: values[part] for key, values in more.items()}
            try:
                results = evaluate(candidates[part], cv, more_of_part)
            except ValueError as error:
                # scikit-learn takes it for the end where every fit of a batch fails.
                if not self.plan.space or "fits failed" not in str(error):
                    raise
                self._take(trials, [{} for _ in trials])
            else:
                self._take(trials, self._next_metrics(results, len(trials)))
            if self.plan.space:
                self._tell(trials, f"trial {start + len(trials)} of {len(candidates)}")
        if self.plan.space and (not results or all(trial.error for trial in self.trials)):
            self._give_up()
        return results

    def finish(self, ranked: Sequence[Trial]) -> None:
        """Tell the watcher of the ranks."""
        self.watcher.finished(ranked)

    def _trial(self, candidate: dict[str, Any]) -> Trial:
        # What numpy draws is no type of Python, in which a model is saved.
        params = {
            name.removeprefix(ESTIMATOR): value.item() if isinstance(value, np.generic) else value
            for name, value in sorted(candidate.items())
        }
        known = (trial for trial in self.trials if trial.params == params)
        trial = next(known, None) if self.plan.method == "halving" else None
        if trial is None:
            trial = Trial(len(self.trials) + 1, params)
            self.trials.append(trial)
            self.watcher.started(trial)
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
            sign = -1 if is_error(self.plan.metric) else 1
            scores = [{self.plan.metric: sign * score["score"]} for score in scores]
        return summarise(scores)

    def _take(self, trials: list[Trial], metrics: list[Metrics]) -> None:
        for trial, measured in zip(trials, metrics, strict=True):
            trial.metrics = measured
            if self.plan.space and f"cv_{self.plan.metric}_mean" not in measured:
                trial.error = self.explain(trial.params)
            self.watcher.measured(trial)

    def _tell(self, ended: Sequence[Trial], what: str) -> None:
        """Tell of trials that ended together, and of the best so far."""
        for trial in ended:
            if trial.error:
                log(f"trial {trial.number} of {self.plan.trials} failed: {trial.error}")
        if self.plan.method == "halving":
            what = f"round {ended[0].round + 1}, {what}"
        best = rank(self.trials, self.plan.metric)[0]
        if not best.error:
            what += f", best {describe_score(best, self.plan.metric)}"
        rows = ended[0].rows or self.rows
        self.progress.ended(what, len(ended) * self.folds * rows / self.rows)

    def _give_up(self) -> None:
        first = next(trial for trial in self.trials if trial.error)
        raise StepError(
            f"--search: all {len(self.trials)} trials failed; trial {first.number} with "
            f"{first.params}: {first.error}"
        )
