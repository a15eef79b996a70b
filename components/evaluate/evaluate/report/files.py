"""The texts of the report: the page and its numbers."""

import os
from collections.abc import Mapping

from evaluate.gate.champion import Candidate
from evaluate.gate.evaluation import Evaluation
from evaluate.measure.predictions import Predictions
from evaluate.report.document import Origin, build
from evaluate.report.page import page
from pinion_step.errors import WrongCallError
from pinion_step.outputs import to_json


def check_slices(candidate: Candidate, columns: tuple[str, ...]) -> None:
    """Raise `WrongCallError` for a column that is not a feature of the model."""
    known = [str(name) for name in candidate.split.features.columns]
    if unknown := [name for name in columns if name not in known]:
        raise WrongCallError(
            f"--slices: {unknown[0]!r} is not a feature column of the test data; "
            f"the features are {', '.join(known[:20])}",
        )


def report_files(
    evaluation: Evaluation,
    predictions: Predictions,
    candidate: Candidate,
    parameters: Mapping[str, str],
    thresholds: str,
    columns: tuple[str, ...],
) -> dict[str, str]:
    """Return the page and its numbers, by file name."""
    origin = Origin(
        release=os.environ.get("PINION_RELEASE", ""),
        components=os.environ.get("PINION_COMPONENTS", ""),
        dataset=candidate.split.origin,
        parameters=parameters,
        thresholds=thresholds or "{}",
        slices=columns,
    )
    document = build(evaluation, predictions, candidate, origin)
    return {"report.html": page(document), "report.json": to_json(document)}
