"""The model card: the description of a version on its page in the registry, in Markdown."""

from collections.abc import Iterator, Mapping

from pinion_step.tracking.descriptions import Figure, code, figures
from register.evaluation import EvaluationResult


def model_card(result: EvaluationResult, tags: Mapping[str, str]) -> str:
    """Return the description of a version: its key figures and what it was made from.

    Its start is what the list of versions shows.
    """
    return "\n".join(
        [_headline(result), "", figures(list(_figures(result))), "", *_sources(result, tags)]
    )


def _headline(result: EvaluationResult) -> str:
    reached = ", ".join(str(figure) for figure in _figures(result) if figure.demand)
    rows = "rows" if result.rows is None else f"{result.rows} rows"
    return f"{reached or 'passed'}; measured on {rows} that the model was not trained on."


def _figures(result: EvaluationResult) -> Iterator[Figure]:
    """Yield the metrics: those that were checked, then the others."""
    checks = {check.metric: check for check in result.checks}
    others = (name for name in sorted(result.metrics) if name not in checks)
    for name in [*checks, *others]:
        check = checks.get(name)
        yield Figure(
            metric=name,
            value=check.value if check else result.metrics[name],
            interval=result.intervals.get(name),
            demand=check.demand if check else "",
            limit=check.threshold if check else None,
            champion=result.champion.get(name),
        )


def _sources(result: EvaluationResult, tags: Mapping[str, str]) -> Iterator[str]:
    if result.compared and result.champion:
        yield f"- Champion: {code(str(result.compared))}, measured on the same rows"
    labels = {
        "pinion.dataset.source": "Dataset",
        "pinion.dataset.sha256": "SHA-256 of it",
        "pinion.why": "Reason to train",
        "pinion.release": "Release",
        "pinion.pipeline_run": "Pipeline run",
        "pinion.run_id": "Training run",
    }
    yield from (f"- {label}: {code(tags[name])}" for name, label in labels.items() if name in tags)
