"""The model card: the description of a version on its page in the registry, in Markdown."""

from collections.abc import Iterator, Mapping

from register.evaluation import EvaluationResult


def model_card(result: EvaluationResult, tags: Mapping[str, str]) -> str:
    """Return the description of a version: its metrics and what it was made from."""
    return "\n".join([*_numbers(result), *_sources(tags)])


def _numbers(result: EvaluationResult) -> Iterator[str]:
    yield "Passed its evaluation on rows that it was not trained on:"
    yield ""
    yield from (f"- {check}" for check in result.checks)
    if result.metrics:
        yield ""
        yield "| metric | value |"
        yield "|---|---|"
        for name, value in sorted(result.metrics.items()):
            # A class in the name of a metric may have a bar, which ends a cell.
            yield f"| {name.replace('|', '&#124;')} | {value:.4g} |"


def _sources(tags: Mapping[str, str]) -> Iterator[str]:
    labels = {
        "pinion.dataset.source": "Dataset",
        "pinion.dataset.sha256": "SHA-256 of it",
        "pinion.why": "Reason to train",
        "pinion.release": "Release",
        "pinion.run_id": "Training run",
    }
    yield ""
    yield from (f"- {label}: `{tags[name]}`" for name, label in labels.items() if name in tags)
