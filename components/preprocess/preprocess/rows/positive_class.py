"""The positive one of two classes, which precision, recall and F1 belong to."""

from pinion_step.errors import StepError
from preprocess.findings import examples, quoted
from preprocess.reading.schema import Label, Schema
from preprocess.rows.assignment import Numbered


def choose(numbered: Numbered, target: str, asked: str, reference: Schema | None) -> Label | None:
    """Return the positive class; None for a target that does not have two classes.

    It is the one asked for, or that of an earlier schema, or the one with fewer rows; of two with
    as many rows, the last in order. Raises `StepError` if the one asked for cannot be it.
    """
    labels = sorted(numbered.labels)
    if asked:
        return _asked(labels, target, asked)
    if len(labels) != 2:
        return None
    if reference and reference.target.positive_class in labels:
        return reference.target.positive_class
    rows = dict(zip(numbered.labels, numbered.class_rows(numbered.kept), strict=True))
    return min(reversed(labels), key=rows.__getitem__)


def _asked(labels: list[Label], target: str, asked: str) -> Label:
    where, what = f"--positive-class: {asked!r:.80}", f"the target {target!r}"
    if not labels:
        raise StepError(f"{where} is of no use, as {what} is a number to predict; leave it out")
    if len(labels) != 2:
        raise StepError(
            f"{where} is of no use, as {what} has {len(labels)} classes, not two; leave it out"
        )
    for label in labels:
        if str(label) == asked:
            return label
    raise StepError(f"{where} is not a class of {target!r}; give one of {quoted(examples(labels))}")
