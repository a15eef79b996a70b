"""A comparison of a table with the schema of an earlier one.

What would make a model fail or mislead is an error. What is only new to it is a warning.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from json import dumps
from typing import Any

from pandas import Series

from pinion_step.errors import StepError
from preprocess.findings import (
    MOST_EXAMPLES,
    Finding,
    Severity,
    as_text,
    examples,
    ignoring,
    quoted,
)
from preprocess.reading.batch import Batch
from preprocess.reading.kinds import Kind, declared_kind, fits
from preprocess.reading.readings import PLAIN, Reading
from preprocess.reading.schema import Feature, Schema
from preprocess.reading.target import TargetType, Task

# The kinds of typed columns that a caller may have as another.
_CONVERTED = {Kind.CATEGORICAL: tuple(Kind), Kind.NUMERIC: (Kind.BOOLEAN,)}


def check_target_kept(reference: Schema, target: str) -> None:
    """Raise `StepError` unless the target is that of the reference."""
    if target != reference.target.name:
        raise StepError(
            f"--target: {target!r} is not {reference.target.name!r}, the target of the reference"
            " schema; give that one, or leave out --reference-schema"
        )


def check_kinds_kept(reference: Schema, kinds: Mapping[str, Kind]) -> None:
    """Raise `StepError` if the caller sets another kind than a feature of the reference has."""
    known = {feature.name: feature.kind for feature in reference.features}
    for name, kind in kinds.items():
        if known.get(name, kind) is not kind:
            raise StepError(
                f"--column-types: {name!r} is to be {kind.value}, but it is {known[name].value} in"
                " the reference schema; leave it out, or leave out --reference-schema"
            )


def column_mismatches(reference: Schema, columns: Sequence[str]) -> Iterator[Finding]:
    """Yield a finding for each column that only the reference or only the table has."""
    known = [*(feature.name for feature in reference.features), reference.target.name]
    for name in known:
        if name not in columns:
            yield _mismatch(
                f"column {name!r} of the reference schema is not in the table; add it to the"
                " source, or leave out --reference-schema",
                name,
            )
    for name in columns:
        if name not in known:
            yield _mismatch(
                f"column {name!r} of the table is not in the reference schema; leave it out with"
                f" {ignoring(name)}, or leave out --reference-schema",
                name,
            )


class Misfits:
    """The values that are not of the kinds of the reference, counted batch by batch."""

    def __init__(self, reference: Schema, columns: Sequence[str]) -> None:
        known = [feature for feature in reference.features if feature.name in columns]
        self._kinds = {feature.name: feature.kind for feature in known}
        self._readings = {feature.name: feature.reading for feature in known}
        target = reference.target
        if target.reading != PLAIN and target.type is not TargetType.STRING:
            # Else it would seem to be missing. A target that is read plainly changes the task.
            self._kinds[target.name] = Kind.NUMERIC
            self._readings[target.name] = target.reading
        self._rows = 0
        self._counts = dict.fromkeys(self._kinds, 0)
        self._examples: dict[str, list[str]] = {name: [] for name in self._kinds}

    def update(self, batch: Batch) -> None:
        """Take a further batch of the cleaned table into account."""
        self._rows += len(batch.frame)
        for name, kind in self._kinds.items():
            reading = self._readings[name]
            if kind is Kind.NUMERIC and name in batch.numbers and reading.keeps_plain_numbers:
                continue
            misfits = _misfits(batch.frame[name].dropna(), kind, reading)
            self._counts[name] += len(misfits)
            found = self._examples[name]
            if len(misfits) and len(found) < MOST_EXAMPLES:
                new = [value for value in map(as_text, misfits.unique()) if value not in found]
                found.extend(new[: MOST_EXAMPLES - len(found)])

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each column that does not fit."""
        for name, count in self._counts.items():
            if count:
                shown = examples(self._examples[name])
                yield _mismatch(
                    f"column {name!r} is {self._kinds[name].value} in the reference schema, and"
                    f" {count} of {self._rows} row(s) do not fit, such as {quoted(shown)};"
                    f" correct them, say that they are missing with --missing-markers"
                    f" '{dumps(list(shown), ensure_ascii=False)}', or leave out --reference-schema",
                    name,
                    rows=count,
                    share=count / self._rows,
                    examples=shown,
                )


def _misfits(present: Series, kind: Kind, reading: Reading) -> Series:
    declared = declared_kind(present)
    if reading.lenient and declared in (None, kind, *_CONVERTED.get(kind, ())):
        # What did not fit was missing then, and is now.
        return present.iloc[:0]
    if reading != PLAIN:
        return reading.misfits(present, kind)
    if declared:
        return present.iloc[:0] if declared is kind else present
    return present[~fits(present, kind)]


def _mismatch(message: str, column: str, **details: Any) -> Finding:
    return Finding(
        "schema_mismatch",
        Severity.ERROR,
        f"--dataset: {message}",
        column=column,
        allowable=False,
        **details,
    )


def task_mismatches(reference: Schema, task: Task, target_type: TargetType) -> Iterator[Finding]:
    """Yield a finding if the task or the type of the target has changed."""
    before = f"{reference.task.value} of {reference.target.type.value} values"
    now = f"{task.value} of {target_type.value} values"
    if before != now:
        yield _mismatch(
            f"the target {reference.target.name!r} makes this a {now}, but it was a {before} in the"
            " reference schema; correct the source, or leave out --reference-schema",
            reference.target.name,
        )


def class_mismatches(reference: Schema, classes: Collection[object]) -> Iterator[Finding]:
    """Yield a finding if a classification has no class of the reference."""
    known = reference.target.classes or ()
    if known and not set(known) & set(classes):
        shown = examples(sorted(classes, key=str))
        yield _mismatch(
            f"the target {reference.target.name!r} has no class of the reference schema (now"
            f" {quoted(shown)}, earlier {quoted(examples(known))}); correct the source, or"
            " leave out --reference-schema",
            reference.target.name,
            examples=shown,
        )


def drift(reference: Schema, schema: Schema) -> Iterator[Finding]:
    """Yield what is new: classes, categories, and values outside the range of the reference."""
    name = schema.target.name
    new_classes = _new(reference.target.classes, schema.target.classes)
    if new_classes:
        yield _drift(name, f"target {name!r}: new classes: {_listed(new_classes)}", new_classes)
    before = {feature.name: feature for feature in reference.features}
    for feature in schema.features:
        yield from _feature_drift(before[feature.name], feature)


def _feature_drift(before: Feature, now: Feature) -> Iterator[Finding]:
    new = _new(before.categories, now.categories)
    name = now.name
    if new:
        yield _drift(name, f"column {name!r}: new categories: {_listed(new)}", new)
    # Dates are compared as text, which ISO 8601 allows.
    ends = (
        ("down", now.minimum, before.minimum, _less(now.minimum, before.minimum)),
        ("up", now.maximum, before.maximum, _less(before.maximum, now.maximum)),
    )
    for way, value, earlier, beyond in ends:
        if beyond:
            text = f"column {name!r}: values {way} to {value}, earlier {earlier}"
            yield _drift(name, text, [value])


def _drift(column: str, message: str, values: Sequence[object]) -> Finding:
    shown = examples(map(as_text, values))
    return Finding("schema_drift", Severity.WARNING, message, column=column, examples=shown)


def _new(before: tuple[object, ...] | None, now: tuple[object, ...] | None) -> list[object]:
    if before is None or now is None:
        return []
    known = set(before)
    return [value for value in now if value not in known]


def _listed(values: Sequence[object]) -> str:
    more = len(values) - MOST_EXAMPLES
    shown = ", ".join(map(repr, values[:MOST_EXAMPLES]))
    return shown + (f" and {more} more" if more > 0 else "")


def _less(left: Any, right: Any) -> bool:
    """Compare two ends of ranges, of which either may be unknown."""
    alike = isinstance(left, str) == isinstance(right, str)
    return None not in (left, right) and alike and left < right
