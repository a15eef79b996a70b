"""The model card: what a version's page in the registry says about it, in Markdown."""

from collections.abc import Iterator, Mapping

from register.evaluation import EvaluationResult


def model_card(result: EvaluationResult, tags: Mapping[str, str]) -> str:
    """The numbers of the evaluation, and what the version was made from, for people."""
    return "\n".join([*_numbers(result), *_sources(tags)])


def _numbers(result: EvaluationResult) -> Iterator[str]:
    yield "Passed its evaluation on rows that it was not trained on:"
    yield ""
    yield from (f"- {check}" for check in result.checks)
    if result.metrics:
        yield ""
        yield "| metric | value |"
        yield "|---|---|"
        yield from (f"| {name} | {value:.4g} |" for name, value in sorted(result.metrics.items()))


def _sources(tags: Mapping[str, str]) -> Iterator[str]:
    labels = {
        "pinion.dataset.source": "Dataset",
        "pinion.dataset.sha256": "SHA-256 of it",
        "pinion.release": "Release",
        "pinion.run_id": "Training run",
    }
    yield ""
    yield from (f"- {label}: `{tags[name]}`" for name, label in labels.items() if name in tags)
