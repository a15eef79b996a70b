"""The model card: the description of a version on its page in the registry, in Markdown."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from register.evaluation import Check, EvaluationResult


def model_card(result: EvaluationResult, tags: Mapping[str, str]) -> str:
    """Return the description of a version: its metrics and what it was made from."""
    return "\n".join([*_numbers(result), *_sources(tags)])


def _numbers(result: EvaluationResult) -> Iterator[str]:
    yield "Passed its evaluation on rows that it was not trained on:"
    yield ""
    yield from (f"- {_rounded(check)}" for check in result.checks)
    if result.metrics:
        yield ""
        yield "| metric | value |"
        yield "|---|---|"
        for name, value in sorted(result.metrics.items()):
            # A class in the name of a metric may have a bar, which ends a cell.
            yield f"| {name.replace('|', '&#124;')} | {value:.4g} |"


def _rounded(check: Check) -> Check:
    """Round the numbers of a check for the table, unless rounding would make them equal."""
    value, threshold = _number(check.value), _number(check.threshold)
    if value == threshold:
        return check
    return replace(check, value=value, threshold=threshold)


def _number(exact: float | None) -> float | None:
    return float(f"{exact:.4g}") if isinstance(exact, float) else exact


def _sources(tags: Mapping[str, str]) -> Iterator[str]:
    labels = {
        "pinion.dataset.source": "Dataset",
        "pinion.dataset.sha256": "SHA-256 of it",
        "pinion.release": "Release",
        "pinion.run_id": "Training run",
    }
    yield ""
    yield from (f"- {label}: `{tags[name]}`" for name, label in labels.items() if name in tags)
