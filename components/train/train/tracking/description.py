"""The description of a run and of its model on MLflow's pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pinion_step.tracking.descriptions import artifact_page, code, run_page, with_section
from train.data.dataset import Dataset
from train.data.schema import Schema
from train.model.cross_validation import METRICS
from train.search.trials import Plan, describe_score
from train.tracking.results import Results

if TYPE_CHECKING:
    from train.tracking.run import Run

# Where evaluate writes its report.
REPORT = "evaluation/report.html"


def describe_fit(model: str, schema: Schema, data: Dataset) -> str:
    """Return what is fitted to what."""
    rows, columns = data.features.shape
    source = f" of {code(data.source)}" if data.source else ""
    return (
        f"{code(model)} predicts {code(schema.target)} ({schema.task}) from {columns} columns, "
        f"fitted on {rows} rows{source}."
    )


def describe_model(fit: str, run: Run) -> str:
    """Return what a model is, and where to look."""
    report = artifact_page(run.experiment_id, run.run_id, REPORT)
    return f"{fit}\n\n[Evaluation report]({report}), once the model is evaluated."


def describe_run(
    fit: str, task: str, plan: Plan | None, results: Results, run: Run, tags: Mapping[str, str]
) -> str:
    """Return what was fitted, how well it did on the folds, and what made it."""
    lines = [fit, *_scores(task, plan, results, run), *_origin(tags)]
    return with_section("", "Training", "\n\n".join(lines))


def _scores(task: str, plan: Plan | None, results: Results, run: Run) -> Iterator[str]:
    metric = METRICS[task][0]
    score = describe_score(results.metrics, metric)
    yield f"Cross-validated on {len(results.folds)} folds: **{score}** (mean ± standard deviation)."
    if plan:
        best = results.trials[0]
        page = run_page(run.experiment_id, results.best_run)
        failed = f"; {results.failed} failed" if results.failed else ""
        yield (
            f"The best of {len(results.trials)} trials of a {plan.method} search, by "
            f"{plan.metric}: [trial {best.number}]({page}){failed}."
        )


def _origin(tags: Mapping[str, str]) -> Iterator[str]:
    labels = {"pinion.pipeline_run": "Pipeline run", "pinion.release": "Release"}
    found = [f"{label}: {code(tags[name])}" for name, label in labels.items() if name in tags]
    if found:
        yield " · ".join(found)
