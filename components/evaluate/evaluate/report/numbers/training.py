"""What the training measured: the cross-validation, and the trials of a search."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pinion_step.mlflow import answers

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_PAGE = 1000  # trials in one answer of MLflow
_TRIAL = re.compile(r"trial (\d+)")


def read_training(client: "MlflowClient", run: "Run", metric: str) -> dict[str, Any]:
    """Return the cross-validated metric of the model's run, and of each trial of its search.

    The document is empty if the run has no such metric, as one that another tool has made. A search
    by another metric has its trials by that one.
    """
    searched = run.data.params.get("search.metric", metric)
    trials = _trials(client, run, searched) if "search.method" in run.data.params else []
    shown = searched if trials else metric
    mean = run.data.metrics.get(f"cv_{shown}_mean")
    if mean is None:
        return {}
    return {
        "metric": shown,
        "mean": mean,
        "std": run.data.metrics.get(f"cv_{shown}_std", 0.0),
        "folds": run.data.params.get("cv_folds", ""),
        "best_trial": run.data.params.get("search.best_trial", ""),
        "trials": trials,
    }


def _runs(client: "MlflowClient", experiment: str, filtered: str) -> "Iterator[Run]":
    token = None
    while token != "":
        page = client.search_runs([experiment], filtered, max_results=_PAGE, page_token=token)
        yield from page
        token = page.token or ""


def _trials(client: "MlflowClient", run: "Run", metric: str) -> list[dict[str, Any]]:
    """Return the trials that saw the most rows, in the order of their numbers."""
    mine = f"tags.`mlflow.parentRunId` = '{run.info.run_id}'"
    with answers(client.tracking_uri, "the trials of the model's run"):
        found = list(_runs(client, run.info.experiment_id, mine))
    numbered = [(_TRIAL.fullmatch(each.info.run_name or ""), each.data.metrics) for each in found]
    # Trials of a halving search have seen different numbers of rows; only the last are comparable.
    most = max((metrics.get("rows", 0.0) for _, metrics in numbered), default=0.0)
    trials = [
        {"number": int(name[1]), "mean": metrics[f"cv_{metric}_mean"]}
        for name, metrics in numbered
        if name and f"cv_{metric}_mean" in metrics and metrics.get("rows", 0.0) == most
    ]
    return sorted(trials, key=lambda each: each["number"])
