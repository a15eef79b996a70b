"""The descriptions of a version and of its registered model on MLflow's pages, in Markdown."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pinion_step.tracking.descriptions import Figure, code, figures, with_section
from register.evaluation import EvaluationResult

if TYPE_CHECKING:
    from mlflow import MlflowClient

# On the model's page, above its versions.
ABOUT = (
    "### Versions\n\n"
    "Every version passed its evaluation; its page has the metrics that it reached. "
    "`champion` is the version in use, `previous` the one before it."
)
_LONGEST = 5000  # characters that a database of MLflow's holds


def model_card(result: EvaluationResult, tags: Mapping[str, str]) -> str:
    """Return the description of a version: its key figures and what it was made from.

    Its start is what the list of versions shows.
    """
    return "\n".join([_key_figures(result), "", *_sources(result, tags)])


def describe_champion(
    client: "MlflowClient", name: str, version: int, result: EvaluationResult
) -> None:
    """Put the key figures of the champion above what the registered model's description says."""
    before = client.get_registered_model(name).description or ""
    after = with_section(before, "Champion", f"Version {version}: {_key_figures(result)}")
    if after != before and len(after) <= _LONGEST:
        client.update_registered_model(name, after)


def _key_figures(result: EvaluationResult) -> str:
    return f"{_headline(result)}\n\n{figures(list(_figures(result)))}"


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
