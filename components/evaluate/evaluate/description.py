"""The description of the model's run on MLflow's pages: the verdict and the key figures."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evaluate.evaluated import Evaluated
from evaluate.gate.evaluation import Evaluation
from evaluate.report.console import demand, verdict
from pinion_step.tracking.descriptions import NOTE, Figure, artifact_page, figures, with_section

if TYPE_CHECKING:
    from mlflow.entities import Run


def describe_run(evaluated: Evaluated, run: "Run") -> str:
    """Return the description of the run with a section about the evaluation, at its start."""
    places = {"Report": "evaluation/report.html"} if "report" in evaluated.outputs else {}
    if evaluated.plots:
        places["Plots"] = "plots"
    links = " · ".join(
        f"[{name}]({artifact_page(run.info.experiment_id, run.info.run_id, path)})"
        for name, path in places.items()
    )
    found = list(key_figures(evaluated.evaluation))
    checked = ", ".join(str(figure) for figure in found if figure.demand)
    # MLflow folds up a description after four lines or so.
    first = f"**{verdict(evaluated.evaluation).capitalize()}.** {links}".strip()
    text = "\n\n".join((first, checked, figures(found)))
    return with_section(run.data.tags.get(NOTE, ""), "Evaluation", text)


def key_figures(evaluation: Evaluation) -> Iterator[Figure]:
    """Yield the metrics: those that were checked, then the others."""
    measured, champion = evaluation.measurement.metrics, evaluation.champion
    checks = {check.metric: check for check in evaluation.checks}
    for name in [*checks, *(name for name in sorted(measured) if name not in checks)]:
        check = checks.get(name)
        failed = " (failed)" if check and not check.passed else ""
        yield Figure(
            metric=evaluation.shown_as.get(name, name),
            value=measured.get(name),
            interval=evaluation.intervals.get(name),
            demand=f"{demand(check)}{failed}" if check else "",
            limit=check.limit if check else None,
            champion=champion.metrics.get(name) if champion else None,
        )
