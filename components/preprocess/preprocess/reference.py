"""A table held against the schema of an earlier one.

What would make a model fail or lie is an error; what it only has not seen before is a warning.
"""

from collections.abc import Collection, Iterator

from pandas import DataFrame, Series

from preprocess.errors import PreprocessError
from preprocess.kinds import Kind, declared_kind, fits
from preprocess.schema import Feature, Schema
from preprocess.target import TargetType, Task

_SHOWN = 3


def check_columns(reference: Schema, target: str, columns: list[str]) -> None:
    """Raise PreprocessError unless target and columns are those of the reference."""
    if target != reference.target.name:
        raise PreprocessError(
            f"--target: {target!r} is not {reference.target.name!r}, the target of the reference"
            " schema; give that, or no --reference-schema"
        )
    known = [*(feature.name for feature in reference.features), target]
    missing = [name for name in known if name not in columns]
    new = [name for name in columns if name not in known]
    for problem, names in (("lacks", missing), ("adds", new)):
        if names:
            shown = ", ".join(map(repr, names[:_SHOWN])) + (" …" if len(names) > _SHOWN else "")
            raise PreprocessError(
                f"--dataset: against the reference schema the table {problem} {len(names)}"
                f" column(s): {shown}; mend the source, or give no --reference-schema"
            )


class Misfits:
    """The values that are not of the kinds of the reference, counted batch by batch."""

    def __init__(self, reference: Schema) -> None:
        self._kinds = {feature.name: feature.kind for feature in reference.features}
        self._counts = dict.fromkeys(self._kinds, 0)
        self._examples: dict[str, list[str]] = {name: [] for name in self._kinds}

    def update(self, frame: DataFrame) -> None:
        """Take a further batch of the cleaned table into account."""
        for name, kind in self._kinds.items():
            misfits = _misfits(frame[name].dropna(), kind)
            self._counts[name] += len(misfits)
            examples = self._examples[name]
            if len(misfits) and len(examples) < _SHOWN:
                new = [value for value in map(str, misfits.unique()) if value not in examples]
                examples.extend(new[: _SHOWN - len(examples)])

    def check(self) -> None:
        """Raise PreprocessError for the first column that does not fit."""
        for name, count in self._counts.items():
            if count:
                examples = ", ".join(map(repr, self._examples[name]))
                raise PreprocessError(
                    f"--dataset: column {name!r} is {self._kinds[name].value} in the reference"
                    f" schema, and {count} row(s) do not fit, such as {examples}; mend them"
                )


def _misfits(present: Series, kind: Kind) -> Series:
    declared = declared_kind(present)
    if declared:
        return present.iloc[:0] if declared is kind else present
    return present[~fits(present, kind)]


def check_task_kept(reference: Schema, task: Task, target_type: TargetType) -> None:
    """Raise PreprocessError where the task or the type of the target is another one."""
    before = f"{reference.task.value} of {reference.target.type.value} values"
    now = f"{task.value} of {target_type.value} values"
    if before != now:
        raise PreprocessError(
            f"--target: {reference.target.name!r} poses a {now}, in the reference schema a"
            f" {before}; mend the source, or give no --reference-schema"
        )


def check_classes_kept(reference: Schema, classes: Collection[object]) -> None:
    """Raise PreprocessError where a classification has no class of the reference."""
    known = reference.target.classes or ()
    if known and not set(known) & set(classes):
        shown = ", ".join(map(repr, sorted(classes, key=str)[:_SHOWN]))
        raise PreprocessError(
            f"--target: no class of {reference.target.name!r} is one of the reference schema"
            f" ({shown}, earlier {', '.join(map(repr, known[:_SHOWN]))}); mend the source, or give"
            " no --reference-schema"
        )


def drift_warnings(reference: Schema, schema: Schema) -> Iterator[str]:
    """Tell what the reference has not seen: classes, categories, values outside the range."""
    new_classes = _new(reference.target.classes, schema.target.classes)
    if new_classes:
        yield f"target {schema.target.name!r}: new classes: {new_classes}"
    before = {feature.name: feature for feature in reference.features}
    for feature in schema.features:
        yield from _feature_warnings(before[feature.name], feature)


def _feature_warnings(before: Feature, now: Feature) -> Iterator[str]:
    new = _new(before.categories, now.categories)
    if new:
        yield f"column {now.name!r}: new categories: {new}"
    # Dates are compared as text, which ISO 8601 allows.
    if _less(now.minimum, before.minimum):
        yield f"column {now.name!r}: values down to {now.minimum}, earlier {before.minimum}"
    if _less(before.maximum, now.maximum):
        yield f"column {now.name!r}: values up to {now.maximum}, earlier {before.maximum}"


def _new(before: tuple[object, ...] | None, now: tuple[object, ...] | None) -> str:
    if before is None or now is None:
        return ""
    known = set(before)
    new = [repr(value) for value in now if value not in known]
    return ", ".join(new[:_SHOWN]) + (f" and {len(new) - _SHOWN} more" if len(new) > _SHOWN else "")


def _less(left: float | str | None, right: float | str | None) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    if isinstance(left, str | None) or isinstance(right, str | None):
        return False
    return left < right
