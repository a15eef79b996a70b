"""A mix-in for scikit-learn's searches that hands every batch of trials to `Rounds`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sklearn.base import BaseEstimator

from train.search.rounds import Evaluate, Rounds


class Watched(BaseEstimator):
    """A search whose `rounds` see every batch; they stay here when workers are sent the search."""

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
            given = list(candidates)
            # A context knows each fold of each candidate once, and the batches count anew.
            known = None if self.rounds.plan.space else callback_ctx
            told = partial(evaluate_candidates, callback_ctx=known)
            return self.rounds.evaluate(told, given, cv, more_results or {})

        super()._run_search(evaluate, callback_ctx=callback_ctx)
